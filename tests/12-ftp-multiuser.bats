#!/usr/bin/env bats
# Lesson 12: an FTP server for several users, each with a home and a quota, and its client.

load helpers
load lib/ftp

# ---- the server: sessions ----

# bats test_tags=id:listens,basic
@test "server: listens on 127.0.0.1 unless told otherwise, and says so first" {
  start_ftp
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:logs-in,basic,needs:listens,points:5
@test "server: USER, PASS and QUIT: a greeting, and a reply to each" {
  start_ftp
  guest 'ask:331:USER alice' 'ask:230:PASS secret' ask:221:QUIT eof
}

# bats test_tags=id:stores,needs:logs-in,points:5
@test "server: STOR and RETR: what is stored is in the user's home, and comes back" {
  start_ftp
  ftp 'transfer:STOR hello' 'give:Hello\n' reply:226 'transfer:RETR hello' 'take:Hello\n' reply:226
  assert_file hello 'Hello\n'
  get_url hello
  assert_printed Hello
}
