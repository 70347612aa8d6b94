;; The adapter for components that are compiled for WASI preview 1: it answers `wasi_snapshot_preview1` within the component.
;;
;; Output to descriptors 1 and 2 goes to the host, which keeps it for the log and for the message of a trap; a component that writes
;; nothing imports nothing. All else is sealed: clocks tick deterministically, random is a fixed xorshift, there are no files,
;; arguments or variables. `backfold build` encodes it; by hand:
;; `wasm-tools component new CORE --adapt wasi_snapshot_preview1=sealed.wat -o OUT`.
;;
;; The usual adapter calls the host for clocks, which is forbidden while the host asks for memory (`cabi_realloc`): Go's collector
;; reads clocks just then.
(module
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $get_stdout (result i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $get_stderr (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (global $t (mut i64) (i64.const 1700000000000000000))
  (global $r (mut i64) (i64.const 88172645463325252))
  (func $zero2 (param $a i32) (param $b i32) (result i32)
    (i32.store (local.get $a) (i32.const 0)) (i32.store (local.get $b) (i32.const 0)) (i32.const 0))
  (func (export "args_sizes_get") (param i32 i32) (result i32) (call $zero2 (local.get 0) (local.get 1)))
  (func (export "environ_sizes_get") (param i32 i32) (result i32) (call $zero2 (local.get 0) (local.get 1)))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "sched_yield") (result i32) (i32.const 0))
  (func (export "proc_exit") (param i32) unreachable)
  (func (export "clock_res_get") (param i32 i32) (result i32) (i64.store (local.get 1) (i64.const 1000)) (i32.const 0))
  (func (export "clock_time_get") (param i32 i64 i32) (result i32)
    (global.set $t (i64.add (global.get $t) (i64.const 1000)))
    (i64.store (local.get 2) (global.get $t)) (i32.const 0))
  (func (export "random_get") (param $p i32) (param $n i32) (result i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (global.set $r (i64.xor (global.get $r) (i64.shl (global.get $r) (i64.const 13))))
      (global.set $r (i64.xor (global.get $r) (i64.shr_u (global.get $r) (i64.const 7))))
      (global.set $r (i64.xor (global.get $r) (i64.shl (global.get $r) (i64.const 17))))
      (i64.store8 (local.get $p) (global.get $r))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    (i32.const 0))
  ;; The streams, once they are asked for.
  (global $stdout (mut i32) (i32.const 0))
  (global $stderr (mut i32) (i32.const 0))
  (func $stream (param $fd i32) (result i32)
    (if (i32.eq (local.get $fd) (i32.const 1)) (then
      (if (i32.eqz (global.get $stdout)) (then (global.set $stdout (call $get_stdout))))
      (return (global.get $stdout))))
    (if (i32.eqz (global.get $stderr)) (then (global.set $stderr (call $get_stderr))))
    (global.get $stderr))
  ;; Writes some bytes, at most 4,096 at a time, as `blocking-write-and-flush` demands.
  (func $put (param $stream i32) (param $at i32) (param $left i32) (local $some i32) (local $saved i64) (local $saved2 i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $left)))
      (local.set $some (select (local.get $left) (i32.const 4096) (i32.lt_u (local.get $left) (i32.const 4096))))
      ;; The result is 12 bytes that are of no interest. They borrow the component's bytes 16 to 27.
      (local.set $saved (i64.load (i32.const 16)))
      (local.set $saved2 (i32.load (i32.const 24)))
      (call $write (local.get $stream) (local.get $at) (local.get $some) (i32.const 16))
      (i64.store (i32.const 16) (local.get $saved))
      (i32.store (i32.const 24) (local.get $saved2))
      (local.set $at (i32.add (local.get $at) (local.get $some)))
      (local.set $left (i32.sub (local.get $left) (local.get $some)))
      (br $next))))
  (func (export "fd_write") (param $fd i32) (param $iov i32) (param $n i32) (param $out i32) (result i32) (local $sum i32)
    (if (i32.gt_u (i32.sub (local.get $fd) (i32.const 1)) (i32.const 1)) (then (return (i32.const 8))))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (if (i32.load offset=4 (local.get $iov)) (then
        (call $put (call $stream (local.get $fd)) (i32.load (local.get $iov)) (i32.load offset=4 (local.get $iov)))))
      (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $iov))))
      (local.set $iov (i32.add (local.get $iov) (i32.const 8)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    (i32.store (local.get $out) (local.get $sum)) (i32.const 0))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.store (local.get 3) (i32.const 0)) (i32.const 0))
  (func (export "fd_close") (param i32) (result i32) (i32.const 0))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 70))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 0))
  (func (export "fd_fdstat_get") (param $fd i32) (param $p i32) (result i32)
    (if (i32.gt_u (local.get $fd) (i32.const 2)) (then (return (i32.const 8))))
    (i64.store (local.get $p) (i64.const 2)) (i64.store offset=8 (local.get $p) (i64.const -1)) (i64.store offset=16 (local.get $p) (i64.const -1))
    (i32.const 0))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  ;; every timer has fired at once
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $n i32) (param $events i32) (result i32)
    (i32.store (local.get $events) (local.get $n))
    (global.set $t (i64.add (global.get $t) (i64.const 1000000)))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (i64.store (local.get $out) (i64.load (local.get $in)))
      (i64.store offset=8 (local.get $out) (i64.const 0)) (i64.store offset=16 (local.get $out) (i64.const 0)) (i64.store offset=24 (local.get $out) (i64.const 0))
      (i32.store8 offset=10 (local.get $out) (i32.load8_u offset=8 (local.get $in)))
      (local.set $in (i32.add (local.get $in) (i32.const 48)))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    (i32.const 0))
  ;; The types of the imports, for the encoder of components: the world
  ;;   world sealed { import wasi:cli/stdout@0.2.0; import wasi:cli/stderr@0.2.0; import wasi:io/streams@0.2.0; }
  ;; with no more of these interfaces than is used here, as `wasm-tools component embed` writes it.
  (@custom "component-type"
    "\00asm\0d\00\01\00\00\19\16wit-component-encoding\04\00\07\c6\03\01A\02\01A\0a\01B\01\04\00\05error\03\01\03\00\13"
    "wasi:io/error@0.2.0\05\00\02\03\00\00\05error\01B\0b\02\03\02\01\01\04\00\05error\03\00\00\01i\01\01q\02\15last-op"
    "eration-failed\01\02\00\06closed\00\00\04\00\0cstream-error\03\00\03\04\00\0doutput-stream\03\01\01h\05\01p}\01j"
    "\00\01\04\01@\02\04self\06\08contents\07\00\08\04\00.[method]output-stream.blocking-write-and-flush\01\09\03\00\15"
    "wasi:io/streams@0.2.0\05\02\02\03\00\01\0doutput-stream\01B\05\02\03\02\01\03\04\00\0doutput-stream\03\00\00\01i"
    "\01\01@\00\00\02\04\00\0aget-stdout\01\03\03\00\15wasi:cli/stdout@0.2.0\05\04\01B\05\02\03\02\01\03\04\00\0doutput"
    "-stream\03\00\00\01i\01\01@\00\00\02\04\00\0aget-stderr\01\03\03\00\15wasi:cli/stderr@0.2.0\05\05\04\00\16backfold"
    ":sealed/sealed\04\00\0b\0c\01\00\06sealed\03\00\00\00/\09producers\01\0cprocessed-by\01\0dwit-component\070.262.0"))
