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

# ---- the server: uploads ----

# bats test_tags=needs:stores,points:3
@test "server: STOR: files of any size arrive byte for byte" {
  local size
  start_ftp
  begin_quiet
  for size in 0 1 70000 10000000; do
    random_file "file$size" "$size"
    put_url "file$size" "file$size"
    assert_succeeds
    assert_same_file "file$size" "file$size"
  done
  ftp 'transfer:STOR empty' give: reply:226 'transfer:STOR x' give-repeat:70000:x reply:226 \
    'ask:213:SIZE empty' 'ask:213:SIZE x'
  assert_reply '^213 0$'
  assert_reply '^213 70000$'
  end_quiet
}

# bats test_tags=needs:stores,points:5
@test "server: while a file is stored the old one stays, and is what RETR sends" {
  start_ftp
  put_file a old
  start_upload up a half give:whole reply:226
  assert_file a old
  ftp 'transfer:RETR a' take:old reply:226 'ask:213:SIZE a' 'transfer:MLSD' listing reply:226
  assert_reply '^213 3$'
  assert_reply ';.* a$'
  assert_reply 'ftp-part' 0
  tell up on
  wait_for_status up 0
  assert_file a halfwhole
  assert_no_part a
}

# bats test_tags=needs:stores,points:3
@test "server: a file that is stored gets its name when the data connection has ended, not before" {
  start_ftp
  start_upload up a all say:still wait give: reply:226
  tell up on
  wait_for_line up.out '^still$'
  assert_gone a
  assert_part a all
  tell up on
  wait_for_status up 0
  assert_file a all
  assert_no_part a
}

# bats test_tags=needs:stores,points:5
@test "server: a client that dies in the middle has not stored a file, though both connections end in order" {
  local n
  start_ftp
  begin_quiet
  put_file old old
  start_upload one new half hold
  start_upload two old half hold
  tell one on
  tell two on
  stop one KILL
  stop two KILL
  wait_until has_no_client
  # The ends of both connections are there before the server looks.
  for n in 1 2 3 4 5; do
    start_upload "late$n" "late$n" half hold
    tell "late$n" on
  done
  freeze server
  for n in 1 2 3 4 5; do
    stop "late$n" KILL
  done
  thaw server
  wait_until has_no_client
  end_quiet
  assert_gone new
  assert_part new half
  assert_file old old
  assert_no_part old
  for n in 1 2 3 4 5; do
    assert_gone "late$n"
    assert_part "late$n" half
  done
}

# bats test_tags=needs:stores,points:3
@test "server: STOR: a data connection that is reset: 426, and the file is not whole" {
  start_ftp
  begin_quiet
  put_file old old
  start_upload one new half other rst other reply:426 ask:200:NOOP
  start_upload two old half other rst other reply:426 'transfer:RETR old' take:old reply:226
  tell one on
  tell two on
  wait_for_status one 0
  wait_for_status two 0
  end_quiet
  assert_gone new
  assert_part new half
  assert_file old old
  assert_no_part old
}

# bats test_tags=needs:stores,points:3
@test "server: a client that vanishes while it stores a file is given up after --timeout" {
  load lib/network
  private_network
  start_ftp --timeout 1 --idle 1
  begin_quiet
  start_upload up new half hold
  cut_link
  wait_for_line server.out ' left$'
  end_quiet
  assert_gone new
  assert_part new half
}

# bats test_tags=needs:stores,points:3
@test "server: a client that stores nothing for --timeout gets 426, and its session goes on" {
  start_ftp --timeout 0.3
  start_upload up new half reply:426 'ask:213:SIZE new' hold
  tell up on
  has_replied up 213
  assert_part new half
}

# bats test_tags=needs:stores,points:3
@test "server: ABOR while a file is stored: 426, 226, the part stays, and the session goes on" {
  start_ftp
  begin_quiet
  put_file old old
  start_upload up new half ask:426:ABOR reply:226 'ask:213:SIZE new' 'transfer:STOR old' other send:half other \
    ask:426:ABOR reply:226 'transfer:STOR b' give:b reply:226
  tell up on
  wait_for_status up 0
  has_replied up 213
  assert_same "$(grep '^213' up.out)" '213 4'
  assert_part new half
  assert_file old old
  assert_no_part old
  assert_file b b
  end_quiet
}

# bats test_tags=needs:stores,points:3
@test "server: a second upload of one name gets 450; one of another name does not, and later it works" {
  start_ftp
  start_upload up a half give: reply:226
  ftp 'ask:229:EPSV' data 'ask:450:STOR a' 'ask:229:EPSV' data 'ask:450:APPE a' 'ask:450:DELE a' \
    'transfer:STOR b' give:b reply:226
  assert_file b b
  tell up on
  wait_for_status up 0
  assert_file a half
  ftp 'transfer:STOR a' give:again reply:226
  assert_file a again
  # Also while a whole file has the name.
  start_upload up a half give: reply:226
  ftp 'ask:229:EPSV' data 'ask:450:STOR a' 'transfer:RETR a' take:again reply:226
  tell up on
  wait_for_status up 0
  assert_file a half
}

# bats test_tags=needs:stores,points:2
@test "server: STOU: a new name each time, which the 150 tells" {
  local name
  start_ftp
  ftp transfer:STOU give:one reply:226 transfer:STOU give:two reply:226
  assert_reply '^150 FILE: [^ /]+$' 2
  assert_same "$(grep -oP '^150 FILE: \K.*' run.out | sort -u | wc -l)" 2
  name=$(grep -oP '^150 FILE: \K.*' run.out | head -n 1)
  assert_file "$name" one
  name=$(grep -oP '^150 FILE: \K.*' run.out | tail -n 1)
  assert_file "$name" two
}

# bats test_tags=needs:stores
@test "server: STOR where no file can be: 550 or 553, and the session goes on" {
  start_ftp
  ftp 'ask:257:MKD sub' ask:229:EPSV 'ask:550:STOR sub' 'ask:550:APPE sub' 'ask:550:STOR missing/a' 'ask:553:STOR /' \
    'ask:553:STOR a\x01b' ask:501:STOR 'transfer:STOR sub/a' give:a reply:226
  assert_file sub/a a
  assert_same "$(find homes/alice -name '.ftp-part*')" ''
  assert_used alice 1
}

# ---- the server: parts ----

# bats test_tags=id:part,needs:stores,points:3
@test "server: a part: SIZE and the listings tell how long it is, and that nobody can read it" {
  start_ftp
  break_upload a half
  ftp 'ask:213:SIZE a' transfer:LIST listing reply:226 transfer:MLSD listing reply:226 'ask:250:MLST a' \
    'ask:550:RETR a' transfer:NLST listing reply:226
  assert_reply '^213 4$'
  assert_reply '^--w------- .* 4 .* a$'
  assert_reply '[Ss]ize=4;.* /?a$' 2
  assert_reply '[Pp]erm=[a-z]*r[a-z]*;.* /?a$' 0
  assert_reply '^550 .*4 bytes'
  assert_reply '^a$'
  assert_reply '\.ftp-part' 0
  # When there is a whole file, it is that one that they tell of.
  put_file a whole!
  ftp 'ask:213:SIZE a' transfer:LIST listing reply:226
  assert_reply '^213 6$'
  assert_reply '^-rw.* 6 .* a$'
  assert_reply ' a$' 1
}

# bats test_tags=needs:part,points:3
@test "server: a part: REST with STOR, or APPE, goes on; a smaller REST cuts it; one behind its end is refused" {
  start_ftp
  break_upload a half
  ftp 'ask:350:REST 5' ask:229:EPSV 'ask:554:STOR a' 'ask:213:SIZE a' 'ask:350:REST 4' 'transfer:STOR a' give:whole reply:226
  assert_reply '^213 4$'
  assert_file a halfwhole
  assert_no_part a
  break_upload b half
  ftp 'transfer:APPE b' give:more reply:226
  assert_file b halfmore
  break_upload c half
  ftp 'ask:350:REST 2' 'transfer:STOR c' give:nd reply:226
  assert_file c hand
  # In several steps.
  break_upload d one
  upload_command=APPE upload_before=3 break_upload d two
  assert_part d onetwo
  assert_gone d
  ftp 'transfer:APPE d' give: reply:226
  assert_file d onetwo
  assert_no_part d
  assert_used alice 27
}

# bats test_tags=needs:part,points:2
@test "server: a part: STOR without REST begins anew, and DELE deletes it" {
  start_ftp
  break_upload a longhalf
  ftp 'transfer:STOR a' give:new reply:226
  assert_file a new
  break_upload b half
  ftp 'ask:250:DELE b' 'ask:550:SIZE b' 'ask:550:DELE b' transfer:LIST listing reply:226
  assert_reply ' b$' 0
  assert_no_part b
  assert_used alice 3
}

# bats test_tags=needs:part,points:3
@test "server: a broken upload over a whole file leaves that, and no part" {
  start_ftp
  put_file a whole
  break_upload a half
  assert_file a whole
  assert_no_part a
  # Also one that went on behind bytes of the old file.
  upload_command=APPE upload_before=5 break_upload a half
  assert_file a whole
  assert_no_part a
  assert_used alice 5
}

# bats test_tags=needs:part,points:3
@test "server: a part has no name that a client can say" {
  local name
  start_ftp
  break_upload a half
  put_file b b
  mkdir homes/alice/.ftp-part.dir
  for name in .ftp-part.a .ftp-part.b; do
    ftp ask:229:EPSV "ask:550:RETR $name" "ask:553:STOR $name" "ask:553:APPE $name" "ask:550:DELE $name" \
      "ask:550:RNFR $name" "ask:550:SIZE $name" "ask:550:MDTM $name" "ask:550:MLST $name" "ask:550:HASH $name" \
      "ask:550:SITE CHMOD 777 $name" "ask:553:MKD $name" "ask:550:CWD $name" "ask:550:RMD $name" \
      'ask:350:RNFR b' "ask:553:RNTO $name"
  done
  ftp 'ask:550:CWD .ftp-part.dir' 'ask:550:RMD .ftp-part.dir' ask:229:EPSV 'ask:550:STOR .ftp-part.dir/a'
  assert_part a half
  assert_file b b
}

# bats test_tags=needs:part
@test "server: the longest name that a file can have" {
  local name
  name=$(printf 'n%.0s' {1..245})
  start_ftp
  ftp "transfer:STOR $name" give:long reply:226 "transfer:RETR $name" take:long reply:226 \
    ask:229:EPSV "ask:553:STOR ${name}n" "ask:553:MKD ${name}n" "ask:350:RNFR $name" "ask:553:RNTO ${name}n"
  break_upload "m${name#n}" half
  ftp "ask:213:SIZE m${name#n}" "transfer:APPE m${name#n}" give:more reply:226
  assert_file "m${name#n}" halfmore
}

# bats test_tags=needs:part,points:3
@test "server: APPE and REST with STOR into a whole file: until the end others see the old one" {
  start_ftp
  put_file a 'old file'
  upload_command=APPE upload_before=8 start_upload up a ' and' 'give: more' reply:226
  assert_file a 'old file'
  ftp 'transfer:RETR a' 'take:old file' reply:226
  tell up on
  wait_for_status up 0
  assert_file a 'old file and more'
  start_ftp_session rest 'ask:350:REST 3' 'transfer:STOR a' other send:er other wait give: reply:226
  has_replied rest 150
  wait_until has_bytes homes/alice/.ftp-part.a 5
  ftp 'transfer:RETR a' 'take:old file and more' reply:226
  tell rest on
  wait_for_status rest 0
  assert_file a older
  ftp 'ask:350:REST 6' ask:229:EPSV 'ask:554:STOR a' 'ask:213:SIZE a' 'ask:350:REST 5' 'transfer:STOR a' give:! reply:226 \
    'transfer:APPE fresh' give:fresh reply:226
  assert_reply '^213 5$'
  assert_file a older!
  assert_file fresh fresh
  assert_used alice 11
}

# ---- the server: the quota ----

# start_quota LIMIT [OPTION]...: a server where dave may have so many bytes.
start_quota() {
  make_users
  add_account dave "$1"
  start_ftp "${@:2}"
}

# bats test_tags=id:quota,needs:stores,points:5,exercise:6
@test "server: the quota: what fits exactly is stored; of what is one byte too long nothing stays" {
  start_quota 1000
  ftp_as dave 'transfer:STOR a' give-repeat:400:a reply:226 'transfer:STOR b' give-repeat:600:b reply:226 \
    'transfer:STOR c' give:c reply:552 'ask:250:DELE a' 'transfer:STOR c' give-repeat:401:c reply:552 \
    'ask:550:SIZE c' 'transfer:STOR c' give-repeat:400:c reply:226 transfer:LIST listing reply:226
  assert_reply ' [abc]$' 2
  assert_same "$(ls -A homes/dave)" $'b\nc'
  assert_used dave 1000
  ftp 'transfer:STOR a' give-repeat:2000:a reply:226
  assert_used alice 2000
}

# bats test_tags=needs:quota,points:3,exercise:6
@test "server: the quota: an upload that is much too long is cut off, and the client is told" {
  start_quota 1000
  random_file large 5000000
  run_bounded curl -sS --max-time 10 --user dave:secret --upload-file large "ftp://$host:$port/large"
  ((status != 0)) || fail "curl took it for stored"
  assert_regex "$stderr" 'storage|552'
  assert_used dave 0
  assert_same "$(ls -A homes/dave)" ''
}

# bats test_tags=needs:quota,points:3
@test "server: the quota: DELE and RNTO over a file give back, and so does replacing one; a part counts" {
  start_quota 1000
  ftp_as dave 'transfer:STOR a' give-repeat:300:a reply:226 'transfer:STOR b' give-repeat:200:b reply:226 \
    'transfer:STOR a' give-repeat:400:A reply:226 'ask:200:SITE QUOTA' \
    'ask:350:RNFR b' 'ask:250:RNTO a' 'ask:200:SITE QUOTA' 'ask:350:RNFR a' 'ask:250:RNTO a' 'ask:200:SITE QUOTA'
  assert_reply '^200 600 of 1000 '
  assert_reply '^200 200 of 1000 ' 2
  # To replace a file needs room for both.
  ftp_as dave 'transfer:STOR c' give-repeat:500:c reply:226 'transfer:STOR c' give-repeat:301:C reply:552 \
    'transfer:RETR c' take-repeat:500:c reply:226 ask:229:EPSV data 'ask:552:APPE c'
  assert_used dave 700
  ftp_as dave 'ask:250:DELE c' 'ask:550:DELE c'
  assert_used dave 200
}

# bats test_tags=needs:quota,points:3
@test "server: the quota: a part counts, when it was left and when the server is started anew" {
  local half
  half=$(printf 'h%.0s' {1..600})
  start_quota 1000
  start_upload_as dave up a "$half" ask:426:ABOR reply:226
  tell up on
  wait_for_status up 0
  assert_used dave 600
  ftp_as dave 'transfer:STOR b' give-repeat:401:b reply:552
  stop server
  start_ftp
  assert_used dave 600
  ftp_as dave 'transfer:STOR b' give-repeat:401:b reply:552 'transfer:APPE a' give-repeat:400:h reply:226 'ask:250:DELE a' \
    'transfer:STOR b' give-repeat:1000:b reply:226
  assert_used dave 1000
}

# bats test_tags=needs:quota
@test "server: the quota: what is in directories counts, also in deep ones" {
  local deep
  deep=$(printf 'd/%.0s' {1..300})
  start_quota 1000
  mkdir -p "homes/dave/$deep"
  printf %300s >"homes/dave/${deep}a"
  printf %300s >homes/dave/d/b
  ln -s "$PWD/server.out" homes/dave/link
  ftp_as dave 'ask:200:SITE QUOTA' 'transfer:STOR c' give-repeat:401:c reply:552 'transfer:STOR c' give-repeat:400:c reply:226
  assert_reply '^200 600 of 1000 '
}

# bats test_tags=needs:quota,points:3,exercise:6
@test "server: the quota: two uploads at once can't have the last bytes both" {
  local half
  half=$(printf 'h%.0s' {1..300})
  start_quota 1000
  start_upload_as dave one a "$half" give-repeat:300:h reply:226
  start_upload_as dave two b "$half" give-repeat:300:h reply:552 'ask:200:SITE QUOTA'
  tell one on
  wait_for_status one 0
  tell two on
  wait_for_status two 0
  assert_same "$(grep ^200 two.out | tail -n 1)" '200 600 of 1000 bytes are used'
  assert_used dave 600
  assert_same "$(ls -A homes/dave)" a
}

# bats test_tags=needs:quota,points:3,exercise:6
@test "server: the quota: many uploads at once never have more than the limit on the disk" {
  local n used
  start_quota 1000000 --no-sync
  random_file large 300000
  for n in {1..8}; do
    start "curl$n" curl -sS --max-time 10 --user dave:secret --upload-file large "ftp://$host:$port/large$n"
  done
  for n in {1..8}; do
    while ! has_ended "curl$n"; do
      used=$(used_by dave 2>/dev/null)
      ((used <= 1000000)) || fail_because "there is more on the disk than the quota allows" 1000000 "$used"
      nap
    done
    wait_for_end "curl$n"
    if ((status == 0)); then
      assert_same_file large "large$n" dave
    else
      [[ ! -e homes/dave/large$n ]] || fail "curl$n failed, and yet its file is there"
    fi
  done
  wait_until has_no_client
  used=$(used_by dave)
  ((used <= 900000 && used % 300000 == 0)) || fail_because "there are files that are not whole" "900000 or less" "$used"
  assert_used dave "$used"
}

# bats test_tags=needs:quota,points:2
@test "server: the quota: a new one counts from the next login on" {
  start_quota 1000
  start_ftp_session_as dave before wait 'transfer:STOR a' give-repeat:1000:a reply:226
  tell before on
  wait_for_status before 0
  run_bounded "$USERS" --users users quota dave 1500
  assert_succeeds
  ftp_as dave 'transfer:STOR b' give-repeat:500:b reply:226 'transfer:STOR c' give:c reply:552
  # Fewer than there are: nothing is lost, and nothing can come.
  run_bounded "$USERS" --users users quota dave 100
  ftp_as dave 'transfer:STOR c' give:c reply:552 'transfer:RETR b' take-repeat:500:b reply:226 'ask:213:AVBL' \
    'ask:552:ALLO 1' 'ask:202:ALLO 0'
  assert_reply '^213 0$'
  assert_used dave 1500
  run_bounded "$USERS" --users users quota dave none
  ftp_as dave 'transfer:STOR c' give-repeat:5000:c reply:226 'ask:200:SITE QUOTA'
  assert_reply '^200 6500 bytes are used; there is no limit'
}

# bats test_tags=needs:quota
@test "server: the quota: AVBL, ALLO and SITE QUOTA tell what is left while an upload runs" {
  start_quota 1000
  start_upload_as dave up a 0123456789 ask:226:NOOP
  ftp_as dave 'ask:213:AVBL' 'ask:202:ALLO 990' 'ask:552:ALLO 991' 'ask:501:ALLO x' 'ask:501:ALLO -1' 'ask:200:SITE QUOTA'
  assert_reply '^213 990$'
  assert_reply '^200 10 of 1000 '
}

# ---- the server: a full disk ----

# start_small_ftp: a server whose homes are on a file system of 1,024,000 bytes; `small` is where.
start_small_ftp() {
  unshare --map-root-user --mount true 2>/dev/null || skip "this system allows no private mounts"
  mkdir -p small
  printf '#!/usr/bin/env bash\nmount -t tmpfs -o size=1000k none small && exec %q "$@"\n' "$SERVER" >on_small_disk
  chmod +x on_small_disk
  printf '#!/usr/bin/env bash\nexec unshare --map-root-user --mount %q/on_small_disk "$@"\n' "$PWD" >small_server
  chmod +x small_server
  SERVER=$PWD/small_server
  start_ftp --root small
  small=/proc/${pid_of[server]}/root/$PWD/small
}

# bats test_tags=needs:stores,points:3
@test "server: a full disk: 452, nothing of the upload stays, and the old file is as it was" {
  start_small_ftp
  random_file large 3000000
  ftp 'transfer:STOR large' give:old reply:226
  put_url large large
  ((status != 0)) || fail "curl took it for stored"
  assert_regex "$stderr" 452
  assert_same "$(cat "$small/alice/large")" old
  put_url large other
  assert_regex "$stderr" 452
  assert_same "$(ls -A "$small/alice")" large
  head -c 800000 large >shorter
  put_url shorter shorter
  assert_succeeds
  cmp shorter "$small/alice/shorter"
  # There is no room for a copy.
  ftp ask:229:EPSV data 'ask:452:APPE shorter' 'ask:213:SIZE shorter' 'transfer:RETR large' take:old reply:226
  assert_reply '^213 800000$'
  assert_same "$(ls -A "$small/alice")" $'large\nshorter'
}

# ---- the server: the log, and --rate ----

# bats test_tags=needs:stores,points:2
@test "server: --access-log: a line for each transfer, whole or not, in which each name is one word" {
  local when='[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4} [0-9]+ 127\.0\.0\.1'
  start_ftp --access-log log
  ftp 'transfer:STOR two words' give:hello reply:226 'transfer:RETR two words' take:hello reply:226 ask:200:TYPE\ A \
    'transfer:RETR two words' take:hello reply:226
  break_upload b half
  put_file $'line\nfeed' hi
  ftp 'transfer:RETR line?feed' take:hi reply:226 'ask:550:RETR missing'
  stop server
  assert_count log "^$when 5 /alice/two_words b _ i r alice ftp 0 \* c$" 1
  assert_count log "^$when 5 /alice/two_words b _ o r alice ftp 0 \* c$" 1
  assert_count log "^$when 5 /alice/two_words a _ o r alice ftp 0 \* c$" 1
  assert_count log "^$when 4 /alice/b b _ i r alice ftp 0 \* i$" 1
  assert_count log "^$when 2 /alice/line.feed b _ o r alice ftp 0 \* c$" 1
  assert_count log '' 5
  assert_same "$(stat -c %a log)" 600
}

# bats test_tags=needs:stores
@test "server: --access-log: what can't be opened is said in one line" {
  mkdir directory
  make_users
  run_bounded "$SERVER" --port 0 --users users --root homes --access-log directory
  assert_fails 1
}

# bats test_tags=needs:stores,points:2
@test "server: --rate: a transfer takes its time, in both directions, and others do not wait for it" {
  local began took
  start_ftp --rate 200000
  random_file file 100000
  began=$(date +%s%3N)
  put_url file file
  assert_succeeds
  get_url file -o back
  assert_succeeds
  took=$(($(date +%s%3N) - began))
  ((took >= 900 && took < 5000)) || fail_because "the rate is another" "about 1000 ms" "$took ms"
  cmp file back
  random_file slow 10000000
  cp slow homes/alice/slow
  start_ftp_session slow 'transfer:RETR slow' other recv:10 other wait ask:426:ABOR reply:226
  has_replied slow 150
  server_still_serves
  is_running slow
  tell slow on
  wait_for_status slow 0
}

# ---- the server: TLS ----

start_tls() {
  start_ftp --tls auto "$@"
}

# bats test_tags=id:tls,needs:stores,points:5
@test "server: TLS: curl puts and gets, with a certificate that is made at the start" {
  need curl
  start_tls
  wait_for_line server.out '^certificate: SHA256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$'
  random_file file 3000000
  put_url file file -k --ssl-reqd
  assert_succeeds
  assert_same_file file file
  get_url file -k --ssl-reqd -o back
  assert_succeeds
  cmp file back
  get_url '' -k --ssl-reqd
  assert_reply ' file$'
  get_url file --ssl-reqd
  ((status != 0)) || fail "curl took a certificate that nobody has signed"
  # Without TLS it goes on.
  server_still_serves
}

# bats test_tags=needs:tls,points:2
@test "server: TLS 1.2: clients that know no tickets resume by the number of the session; also after ABOR" {
  need curl
  start_tls
  random_file file 300000
  put_url file file -k --ssl-reqd --tls-max 1.2
  assert_succeeds
  get_url file -k --ssl-reqd --tls-max 1.2 -o back
  assert_succeeds
  cmp file back
  python_ftp <<'PYTHON'
CONTEXT.maximum_version = ssl.TLSVersion.TLSv1_2
CONTEXT.options |= ssl.OP_NO_TICKET
s = Session(user="alice")
data = s.transfer("STOR a")
data.sendall(b"half")
s.ask(426, "ABOR")
s.reply(226)
data.close()
s.put("b", b"whole")
if s.get("b") != b"whole":
    fail("other bytes came")
other = Session(user="alice")
data = s.connect()
s.ask(150, "RETR b")
data = CONTEXT.wrap_socket(data, session=other.control.session)
s.reply(522)
PYTHON
}

# bats test_tags=needs:tls
@test "server: TLS: a session can be resumed for as long as somebody may be logged in" {
  start_tls
  python_ftp <<'PYTHON'
for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    CONTEXT.maximum_version = version
    s = Session(user="alice")
    if s.control.session.ticket_lifetime_hint < 24 * 60 * 60:
        fail("after %d seconds each transfer would get 522" % s.control.session.ticket_lifetime_hint)
PYTHON
}

# bats test_tags=needs:tls,points:3
@test "server: TLS: curl gets with a certificate that it knows" {
  need curl
  make_certificate own
  start_ftp --tls own.pem --tls-key own.key
  put_file a hello
  get_url a --cacert own.pem --ssl-reqd
  assert_printed hello
  # Both in one file, too.
  cat own.pem own.key >both.pem
  stop server
  start_ftp --tls both.pem
  get_url a --cacert own.pem --ssl-reqd
  assert_printed hello
}

# bats test_tags=needs:tls,points:2
@test "server: TLS: a certificate or a key that can't be used is said in one line" {
  local arguments
  make_certificate own
  make_certificate other
  make_users
  echo nonsense >bad.pem
  for arguments in 'missing.pem' 'bad.pem' 'own.pem' 'own.pem --tls-key missing.key' 'own.pem --tls-key bad.pem' \
    'own.pem --tls-key other.key'; do
    # shellcheck disable=SC2086 # these are words
    run_bounded "$SERVER" --port 0 --users users --root homes --tls $arguments
    assert_fails 1
    assert_regex "$stderr" 'TLS: '
  done
}

# bats test_tags=needs:tls,points:3
@test "server: TLS: AUTH, PBSZ and PROT in the wrong order, or of a kind that there is not" {
  start_ftp
  guest 'ask:502:AUTH TLS' 'ask:503:PBSZ 0' 'ask:503:PROT P' 'ask:211:FEAT'
  assert_reply '^ AUTH TLS' 0
  stop server
  start_tls
  guest 'ask:504:AUTH KERBEROS_V4' ask:501:AUTH 'ask:503:PBSZ 0' 'ask:503:PROT P' ask:211:FEAT
  assert_reply '^ AUTH TLS'
  assert_reply '^ PROT'
  python_ftp <<'PYTHON'
s = Session()
s.ask(503, "AUTH TLS")
s.ask(503, "PROT P")
s.ask(200, "PBSZ 0")
s.ask(536, "PROT S")
s.ask(536, "PROT E")
s.ask(504, "PROT X")
s.login("alice")
s.put("a", b"secret")
s.ask(200, "PROT C")
data = s.connect()
s.ask(150, "RETR a")
if receive_all(data) != b"secret":
    fail("PROT C: other bytes came")
s.reply(226)
s.ask(502, "REIN")
s.ask(221, "QUIT")
PYTHON
}

# bats test_tags=needs:tls,points:3
@test "server: TLS: --require-tls: no password and no file without it" {
  start_tls --require-tls
  put_file a hello
  guest 'ask:530:USER alice' 'ask:503:PASS secret'
  python_ftp <<'PYTHON'
s = Session()
s.login("alice", private=False)
data = s.connect()
s.ask(521, "RETR a")
s.ask(521, "LIST")
s.ask(521, "STOR b")
s.ask(200, "PBSZ 0")
s.ask(534, "PROT C")
s.ask(200, "PROT P")
if s.get("a") != b"hello":
    fail("other bytes came")
PYTHON
  assert_gone b
  run_bounded "$SERVER" --port 0 --users users --root homes --require-tls
  assert_fails 2
}

# bats test_tags=needs:tls,points:2
@test "server: TLS: 1.1 is refused, 1.2 and 1.3 are not" {
  need openssl
  start_tls
  local version
  for version in tls1_2 tls1_3; do
    run_bounded openssl s_client -starttls ftp -connect "$host:$port" "-$version" </dev/null
    assert_succeeds
  done
  for version in tls1 tls1_1; do
    run_bounded openssl s_client -starttls ftp -connect "$host:$port" "-$version" -cipher 'ALL:@SECLEVEL=0' </dev/null
    ((status != 0)) || fail "openssl got a connection with -$version"
  done
  wait_until has_no_client
  assert_count server.out 'failed: TLS: ' 2
  server_still_serves
}

# bats test_tags=needs:tls,points:5
@test "server: TLS: a data connection that does not go on with the session of the control connection: 522" {
  start_tls
  put_file a hello
  python_ftp <<'PYTHON'
def refused(s, session):
    """A client that can't show the right ticket gets no byte, and stores none."""
    for command in ("RETR a", "STOR b", "LIST"):
        data = s.connect()
        s.ask(150, command)
        try:
            data = CONTEXT.wrap_socket(data, session=session)
            data.settimeout(TIMEOUT)
            content = receive_all(data)
        except (ssl.SSLError, ConnectionError):
            content = b""
        data.close()
        s.reply(522)
        if content:
            fail("bytes came: %r" % content)

mine, other = Session(user="alice"), Session(user="alice")
refused(mine, None)
refused(mine, other.control.session)
if mine.get("a") != b"hello" or other.get("a") != b"hello":
    fail("other bytes came")
mine.put("c", b"stored")
for session in (mine, Session(user="alice", context=CONTEXT)):
    session.ask(200, "NOOP")
PYTHON
  assert_gone b
  assert_file c stored
}

# bats test_tags=needs:tls,points:2
@test "server: TLS 1.2: a ticket of another control connection does not count either" {
  start_tls
  put_file a hello
  python_ftp <<'PYTHON'
CONTEXT.maximum_version = ssl.TLSVersion.TLSv1_2
mine, other = Session(user="alice"), Session(user="alice")
for session in (other.control.session, None):
    data = mine.connect()
    mine.ask(150, "RETR a")
    data = CONTEXT.wrap_socket(data, session=session)
    try:
        if receive_all(data):
            fail("bytes came")
    except (ssl.SSLError, ConnectionError):
        pass
    mine.reply(522)
if mine.get("a") != b"hello" or other.get("a") != b"hello":
    fail("other bytes came")
PYTHON
}

# bats test_tags=needs:tls,points:2
@test "server: TLS: --tls-no-session-reuse: Python's ftplib, which begins a new session each time" {
  start_tls --tls-no-session-reuse
  random_file file 300000
  python_ftp <<'PYTHON'
import ftplib, io
with ftplib.FTP_TLS(context=make_context()) as ftp:
    ftp.connect(HOST, PORT, TIMEOUT)
    ftp.login("alice", "secret")
    ftp.prot_p()
    ftp.storbinary("STOR file", open("file", "rb"))
    back = io.BytesIO()
    ftp.retrbinary("RETR file", back.write)
    if back.getvalue() != open("file", "rb").read():
        fail("other bytes came back")
    if ftp.nlst() != ["file"]:
        fail("nlst: another listing")
    if [name for name, facts in ftp.mlsd() if facts["type"] == "file"] != ["file"]:
        fail("mlsd: another listing")
PYTHON
  assert_same_file file file
}

# bats test_tags=needs:tls,points:5
@test "server: TLS: what comes in clear behind AUTH TLS is never executed" {
  start_tls
  put_file a hello
  # In one segment with AUTH; the handshake is never made.
  peer reply:220 'send:AUTH TLS\r\nUSER alice\r\nPASS secret\r\nDELE a\r\n' reply:234 shutdown eof
  # And with a handshake: the command must not be executed when TLS has begun.
  python_ftp <<'PYTHON'
s = Session(secure=False)
s.control.sendall(b"AUTH TLS\r\nUSER alice\r\nPASS secret\r\nDELE a\r\n")
s.reply(234)
s.handshake()
s.ask(200, "NOOP")
s.ask(530, "PWD")
# Half a line, of which the rest comes under TLS.
s = Session(secure=False)
s.control.sendall(b"AUTH TLS\r\nNOOP\r\nUSER al")
s.reply(234)
s.handshake()
s.ask(500, "ice")
# Who was logged in before is not any more.
s = Session(secure=False)
s.login("alice", private=False)
s.ask(234, "AUTH TLS")
s.handshake()
s.ask(530, "DELE a")
PYTHON
  assert_file a hello
  assert_reply '^230' 1
}

# bats test_tags=needs:tls,points:3
@test "server: TLS: an upload that ends without a close_notify is not whole" {
  local pid
  start_tls
  put_file old old
  begin_quiet
  python_ftp <<'PYTHON'
for name in ("new", "old"):
    s = Session(user="alice")
    data = s.transfer("STOR " + name)
    data.sendall(b"half")
    raw(data).shutdown(socket.SHUT_WR)
    s.reply(426)
    s.ask(200, "NOOP")
    data.close()
s = Session(user="alice")
data = s.transfer("STOR killed")
data.sendall(b"half")
wait_until(lambda: has_bytes("homes/alice/.ftp-part.killed", 4))
os.kill(os.getpid(), 9) if os.fork() == 0 else os.wait()
data.detach(), s.control.detach()
PYTHON
  wait_until has_no_client
  assert_gone new
  assert_part new half
  assert_file old old
  assert_no_part old
  assert_gone killed
  assert_part killed half
  end_quiet
}

# bats test_tags=needs:tls,points:2
@test "server: TLS: garbage in the place of the handshake ends the connection, and nothing else" {
  start_tls
  begin_quiet
  put_file a hello
  guest 'ask:234:AUTH TLS' rst
  guest 'ask:234:AUTH TLS' shutdown eof
  python_ftp <<'PYTHON'
for garbage in (b"USER alice\r\nPASS secret\r\n", b"\x16\x03\x01\xff\xff\x01\x02\x03", bytes(20000)):
    s = Session(secure=False)
    s.ask(234, "AUTH TLS")
    s.control.sendall(garbage)
    if not ends(s):
        fail("the connection does not end")
s = Session(user="alice")
raw(s.control).sendall(b"NOOP\r\n" * 100)
if not ends(s):
    fail("the connection does not end")
# And on a data connection.
s = Session(user="alice")
data = s.connect()
s.ask(150, "RETR a")
data.sendall(b"garbage" * 100)
s.reply(425)
data.close()
s.ask(200, "NOOP")
PYTHON
  wait_until has_no_client
  end_quiet
  server_still_serves
}

# bats test_tags=needs:tls,points:2
@test "server: TLS: a handshake that never comes ends after --timeout" {
  start_tls --timeout 0.4
  begin_quiet
  guest 'ask:234:AUTH TLS' eof
  guest 'ask:234:AUTH TLS' 'send:\x16\x03\x01' eof
  put_file a hello
  python_ftp <<'PYTHON'
s = Session(user="alice")
data = s.connect()
s.ask(150, "RETR a")
s.reply(425)
s.ask(200, "NOOP")
PYTHON
  end_quiet
}

# bats test_tags=needs:tls,points:3
@test "server: TLS: a record of which only a part has come costs no CPU" {
  start_tls --idle 1
  random_file large 10000000
  mkdir -p homes/alice
  cp large homes/alice/large
  cat >halves.py <<'PYTHON'
s = Session(user="alice")
raw(s.control).sendall(b"\x17\x03\x03\x00\x40abc")
t = Session(user="alice")
data = t.transfer("RETR large")
raw(t.control).sendall(b"\x17\x03\x03\x00\x40abc")
print("halves", flush=True)
if not ends(s):
    fail("the session does not end after --idle")
print("ended", flush=True)
sys.stdin.readline()
PYTHON
  need python3
  start halves env PYTHONPATH="$ROOT/tests/lib" PYTHONDONTWRITEBYTECODE=1 python3 -c \
    'import sys; from ftps import *; exec(open("halves.py").read())' "$host" "$port"
  wait_for_line halves.out '^halves$'
  wait_until stands_still
  assert_idle server
  wait_for_line halves.out '^ended$'
}

# stands_still: the server waits.
stands_still() {
  local before
  before=$(cpu_ticks "${pid_of[server]}")
  nap 0.1
  (($(cpu_ticks "${pid_of[server]}") == before))
}

# ---- the server: the clients that people use ----

# tree: files in the directory `tree`, and one of them changed in `changed`.
make_tree() {
  mkdir -p tree/sub/deeper
  random_file tree/large 1000000
  random_file "tree/two words" 5
  random_file tree/sub/deeper/bytes 70000
  : >tree/sub/empty
}

# bats test_tags=needs:stores,points:2
@test "server: curl: put, get, both of them from where they broke off, append, and listings" {
  need curl
  start_ftp
  random_file file 1000000
  put_url file sub/file --ftp-create-dirs
  assert_succeeds
  head -c 300000 file >half
  cp half homes/alice/.ftp-part.half
  put_url file half -C -
  assert_succeeds
  assert_same_file file half
  get_url half -C - -o half
  assert_succeeds
  assert_same_file half half
  printf 'more' >more
  put_url more half --append
  assert_succeeds
  assert_same "$(stat -c %s homes/alice/half)" 1000004
  get_url half -P - -o active
  assert_succeeds
  assert_same_file active half
  get_url half -P - --disable-eprt -o port
  assert_same_file port half
  get_url half --disable-epsv -o pasv
  assert_same_file pasv half
  get_url sub/ --list-only
  assert_printed file
  get_url ''
  assert_reply ' 1000004 .* half$'
  get_url half -r 10-19 -o range
  assert_same "$(stat -c %s range)" 10
  get_url half -I
  assert_reply '^Content-Length: 1000004'
  get_url missing
  ((status != 0)) || fail "curl got a file that is not there"
  get_url '' -Q 'MKD new' -Q 'RNFR half' -Q 'RNTO new/half' -Q '-DELE new/half' -o list
  assert_succeeds
  assert_gone half
  assert_gone new/half
}

# lftp_ftp COMMANDS [OPTION]...: lftp executes them as alice.
lftp_ftp() {
  run_bounded env HOME="$PWD" lftp -u alice,secret -e "set net:timeout 5; set net:max-retries 1; set cmd:fail-exit yes; ${*:2} $1; quit" \
    "ftp://$host:$port"
}

# bats test_tags=needs:stores,points:2
@test "server: lftp: put, get, reput, and whole directories both ways" {
  need lftp
  start_ftp
  make_tree
  lftp_ftp 'mirror -R tree copy; mirror copy back; ls copy; cls copy'
  assert_succeeds
  diff -r tree homes/alice/copy
  diff -r tree back
  assert_reply 'two words' 2
  # The second time there is nothing to do: sizes and times are right.
  lftp_ftp 'mirror -v -R tree copy; mirror -v copy back'
  assert_succeeds
  assert_reply 'Transferring' 0
  head -c 400000 tree/large >homes/alice/.ftp-part.large
  lftp_ftp 'reput tree/large; get large -o got; mkdir -p a/b; mv large a/b/large; rm -r copy; pget -n 3 a/b/large -o parallel'
  assert_succeeds
  cmp got tree/large
  cmp parallel tree/large
  assert_same "$(ls -A homes/alice)" a
  head -c 400000 tree/large >continued
  lftp_ftp 'get -c a/b/large -o continued; chmod 600 a/b/large'
  assert_succeeds
  cmp continued tree/large
  assert_same "$(stat -c %a homes/alice/a/b/large)" 600
}

# bats test_tags=needs:tls,points:2
@test "server: lftp: whole directories both ways, under TLS" {
  need lftp
  start_tls --require-tls
  make_tree
  lftp_ftp 'mirror -R tree copy; mirror copy back; mirror -P 3 copy parallel' \
    'set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ssl:verify-certificate no;'
  assert_succeeds
  diff -r tree homes/alice/copy
  diff -r tree back
  diff -r tree parallel
}

# bats test_tags=needs:stores,points:2
@test "server: tnftp: put, get, mget, append, reget and ls" {
  need tnftp
  start_ftp
  make_tree
  random_file one 1000
  random_file two 2000
  printf 'machine %s login alice password secret\n' "$host" >netrc
  chmod 600 netrc
  mkdir into
  head -c 300 one >into/half
  run_bounded tnftp -i -N netrc -P "$port" "$host" <<'FTP'
binary
put one
put two
put "tree/two words" "two words"
ls
mkdir sub
cd sub
put two twin
append one twin
pwd
cd ..
lcd into
mget o* tw*
get sub/twin twin
reget one half
rename one first
delete two
quit
FTP
  assert_same_file one first
  assert_gone two
  cmp one into/one
  cmp one into/half
  cmp two into/two
  cmp "tree/two words" "into/two words"
  assert_same "$(stat -c %s into/twin)" 3000
  assert_reply '(^| )two words$'
  run_bounded tnftp -o url -P "$port" "ftp://alice:secret@$host:$port/first"
  cmp url one
  random_file upload 300000
  run_bounded tnftp -u "ftp://alice:secret@$host:$port/uploaded" upload
  assert_same_file upload uploaded
}

# bats test_tags=needs:stores,points:2
@test "server: wget: get, -c, and a whole directory" {
  need wget
  local url
  start_ftp
  make_tree
  mkdir -p homes/alice
  cp -r tree homes/alice/tree
  url=ftp://alice:secret@$host:$port
  run_bounded env HOME="$PWD" wget -q -O got --tries 1 -T 5 "$url/tree/large"
  assert_succeeds
  cmp got tree/large
  head -c 300000 tree/large >large
  run_bounded env HOME="$PWD" wget -c --tries 1 -T 5 "$url/tree/large"
  assert_succeeds
  cmp large tree/large
  assert_regex "$stderr" '700000'
  run_bounded env HOME="$PWD" wget -q -r -nH -P all --tries 1 -T 5 "$url/tree/"
  assert_succeeds
  diff -r tree all/tree
  run_bounded env HOME="$PWD" wget -q --no-passive-ftp -O active --tries 1 -T 5 "$url/tree/large"
  assert_succeeds
  cmp active tree/large
}

# bats test_tags=needs:stores,points:2
@test "server: Python's ftplib: storbinary, retrlines, nlst, mlsd, REST, and abort" {
  start_ftp
  random_file file 500000
  python_ftp <<'PYTHON'
import ftplib, io

content = open("file", "rb").read()
ftp = ftplib.FTP()
ftp.connect(HOST, PORT, TIMEOUT)
ftp.login("alice", "secret")
ftp.storbinary("STOR file", io.BytesIO(content))
ftp.storlines("STOR lines", io.BytesIO(b"one\ntwo\n"))
lines = []
ftp.retrlines("RETR lines", lines.append)
assert lines == ["one", "two"], lines
assert sorted(ftp.nlst()) == ["file", "lines"], ftp.nlst()
facts = dict(ftp.mlsd(facts=["type", "size"]))
assert facts["file"] == {"type": "file", "size": "500000"}, facts
ftp.voidcmd("TYPE I")
assert ftp.size("file") == 500000
data, size = ftp.ntransfercmd("RETR file", rest=100000)
assert size == 400000, size
assert receive_all(data) == content[100000:]
data.close()
ftp.voidresp()
data = ftp.transfercmd("RETR file")
data.recv(1)
ftp.abort()
data.close()
# In ftplib the second reply to ABOR is the user's.
ftp.voidresp()
data = ftp.transfercmd("STOR rest")
data.sendall(content[:1000])
wait_until(lambda: has_bytes("homes/alice/.ftp-part.rest", 1000))
assert ftp.abort().startswith("426")
data.close()
ftp.voidresp()
assert ftp.size("rest") == 1000
ftp.storbinary("STOR rest", io.BytesIO(content[1000:]), rest=1000)
ftp.mkd('a "b"')
ftp.cwd('a "b"')
assert ftp.pwd() == '/a "b"', ftp.pwd()
ftp.cwd("..")
ftp.rmd('a "b"')
ftp.rename("rest", "renamed")
ftp.delete("file")
ftp.set_pasv(False)
back = io.BytesIO()
ftp.retrbinary("RETR renamed", back.write)
assert back.getvalue() == content
ftp.quit()
PYTHON
  assert_same_file file renamed
  assert_gone file
}

# ---- the server: bad weather ----

# under_weather MODE [OPTION]...: a file there and back, plain and in the middle of other files.
under_weather() {
  under_chaos "$1"
  start_ftp "${@:2}"
  random_file file 100000
  put_url file file
  assert_succeeds
  assert_same_file file file
  get_url file -o back
  assert_succeeds
  cmp file back
  break_upload part half
  ftp 'transfer:APPE part' give:more reply:226 'transfer:RETR part' take:halfmore reply:226 \
    transfer:LIST listing reply:226 'ask:250:DELE part'
  assert_reply ' 100000 .* file$'
}

# bats test_tags=needs:stores,points:2
@test "server: files go both ways, though write takes only a part of the bytes" {
  under_weather short-write
}

# bats test_tags=needs:stores,points:2
@test "server: files go both ways, though each call may be interrupted by a signal" {
  under_weather eintr
}

# bats test_tags=needs:stores,points:2
@test "server: files go both ways, though each recv gets one byte and each send a half" {
  under_weather short-recv,short-send
}

# bats test_tags=needs:stores
@test "server: files go both ways, though a connection is gone before it is accepted, or nothing is ready" {
  under_weather aborted,eagain
}

# bats test_tags=needs:quota,points:2,exercise:6
@test "server: the quota is right, though write takes only a part of the bytes, or none for a signal" {
  under_chaos short-write,eintr
  start_quota 100000
  random_file file 60000
  run_bounded curl -sS --max-time 10 --user dave:secret --upload-file file "ftp://$host:$port/a"
  assert_succeeds
  run_bounded curl -sS --max-time 10 --user dave:secret --upload-file file "ftp://$host:$port/b"
  ((status != 0)) || fail "curl took it for stored"
  assert_used dave 60000
  ftp_as dave 'transfer:STOR b' give-repeat:40000:b reply:226
  assert_used dave 100000
}

# bats test_tags=needs:tls,points:2
@test "server: TLS, though each recv gets one byte, each send a half, and signals come" {
  under_chaos short-recv,short-send,eintr
  start_tls
  random_file file 20000
  put_url file file -k --ssl-reqd
  assert_succeeds
  assert_same_file file file
  get_url file -k --ssl-reqd -o back
  assert_succeeds
  cmp file back
}
