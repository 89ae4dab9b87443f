#!/usr/bin/env bats
# The frameworks in common/: each scenario is a test of tests/framework/, run with every poller.

load ../helpers

# asyncore TEST: runs it with select, poll and epoll.
asyncore() {
  local poller
  for poller in select poll epoll; do
    RUN_LIMIT=90 run_bounded "$BUILD/framework/test_asyncore" "$1" "$poller"
    ((status == 0)) || fail "with $poller: $stderr"
  done
}

@test "asyncore: every test has a scenario here" {
  local name
  while read -r name; do
    grep -q "^  asyncore $name\$" "$BATS_TEST_FILENAME" || fail "nothing runs $name"
  done < <("$BUILD/framework/test_asyncore")
}

@test "asyncore: an object can be closed inside every handler" {
  asyncore close_inside_every_handler
}

@test "asyncore: no handler is called on an object that has closed itself" {
  asyncore nothing_is_called_after_a_close
}

@test "asyncore: an error reaches handle_error from every handler" {
  asyncore an_error_from_every_handler
}

@test "asyncore: nothing is called on an object that another one closed in the same pass" {
  asyncore closed_by_another_of_the_same_pass
}

@test "asyncore: a descriptor is not reused within a pass" {
  asyncore a_descriptor_is_not_reused_within_a_pass
}

@test "asyncore: close_all, inside and outside a handler" {
  asyncore close_all_inside_and_outside_a_handler
}

@test "asyncore: objects that are closed outside the loop are destroyed, too" {
  asyncore closed_outside_the_loop
}

@test "asyncore: nothing comes for an object that is gone while its socket has a duplicate" {
  asyncore closed_while_a_duplicate_is_open
}

@test "asyncore: a hang-up with unread data still delivers the data" {
  asyncore hangup_with_unread_data
}

@test "asyncore: answers to one who has left do not cost what it has sent" {
  asyncore answers_to_one_who_has_left
}

@test "asyncore: a reset is a close, not an error" {
  asyncore a_reset_is_a_close
}

@test "asyncore: the other side is gone while the object does not read: it does not spin, and send notices" {
  asyncore gone_while_it_does_not_read
}

@test "asyncore: an urgent byte that nobody takes does not make the loop spin" {
  asyncore an_urgent_byte_that_nobody_takes
}

@test "asyncore: an urgent byte reaches handle_expt" {
  asyncore an_urgent_byte
}

@test "asyncore: a handler may read until nothing is left: that is no error" {
  asyncore nothing_is_left_to_read
}

@test "asyncore: connect does not wait, and handle_connect is called once" {
  asyncore connect_succeeds
}

@test "asyncore: connect that is refused reaches handle_error, and handle_connect is not called" {
  asyncore connect_refused
}

@test "asyncore: create_socket, set_reuse_addr, bind, listen, accept" {
  asyncore a_listener_of_the_base
}

@test "asyncore: EMFILE in accept neither closes the listener nor makes the loop spin" {
  asyncore without_descriptors_the_listener_rests
}

@test "asyncore: a descriptor that is free again ends the listener's rest" {
  asyncore a_free_descriptor_ends_the_rest
}

@test "asyncore: select refuses a descriptor of FD_SETSIZE or more" {
  asyncore past_fd_setsize
}

@test "asyncore: count and timeout of loop" {
  asyncore count_and_timeout_of_loop
}

@test "asyncore: two maps know nothing of each other" {
  asyncore two_maps
}

@test "asyncore: a signal ends the wait with EINTR" {
  asyncore a_signal_ends_the_wait
}

@test "asyncore: a loop inside a handler is refused" {
  asyncore a_loop_inside_a_handler
}

@test "asyncore: another poller in each pass" {
  asyncore another_poller_in_each_pass
}

@test "asyncore: dispatcher_update lets one object wake another" {
  asyncore one_wakes_another
}

@test "asyncore: epoll asks only those that had an event" {
  asyncore only_who_had_an_event_is_asked
}

@test "asyncore: 200 objects" {
  asyncore many_objects
}

@test "asyncore: datagrams" {
  asyncore datagrams
}

@test "asyncore: dispatcher_with_send keeps what does not fit, whole and in order" {
  asyncore with_send_keeps_what_does_not_fit
}

@test "asyncore: dispatcher_with_send takes bytes before it is connected" {
  asyncore with_send_before_it_is_connected
}

@test "asyncore: file_dispatcher on a pipe" {
  asyncore files_that_are_pipes
}

@test "asyncore: file_dispatcher on a pipe whose reader is gone" {
  asyncore a_pipe_whose_reader_is_gone
}

@test "asyncore: file_dispatcher on a regular file: select and poll read it, epoll says EPERM" {
  asyncore a_regular_file
}

@test "asyncore: bad descriptors are errors" {
  asyncore bad_descriptors
}

@test "asyncore: an error that nobody handles is one line, and closes the object" {
  asyncore an_error_that_nobody_handles
}
