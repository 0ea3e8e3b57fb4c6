/// Scripts for the fuzzer: what they are given decides what they do. None of them runs for ever.
enum FuzzScripts {
  static let scripts = [
    "return redis.call(unpack(ARGV))", "return redis.pcall(unpack(ARGV))", "return redis.call(KEYS[1], unpack(ARGV))",
    "return redis.call('get', KEYS[1])", "return redis.call('set', KEYS[1], ARGV[1])",
    "redis.setresp(3); return redis.call('hgetall', KEYS[1])", "redis.setresp(3); return redis.pcall(unpack(ARGV))",
    "return {1, 2, {3, 'x'}, false, nil, 4}", "return {ok='fine'}", "return {err='ERR wrong'}", "return {err='no code'}",
    "return {double=3.5}", "redis.setresp(3); return {map={a=1, [2]='b'}, set={c=true}}", "return 3.99", "return true",
    "return {big_number='12345678901234567890'}", "return {verbatim_string={format='txt', string='hello'}}",
    "return {map={1, 2}}", "return {set={a=1}}", "return {double='x'}", "return {verbatim_string={}}",
    "return #KEYS + #ARGV", "return ARGV[1] + 1", "error('stop')", "error({err='ERR table'})", "error(nil)", "return nil",
    "return redis.error_reply(ARGV[1])", "return redis.status_reply(ARGV[1])", "return redis.error_reply({})",
    "return redis.sha1hex(ARGV[1])", "redis.log(redis.LOG_NOTICE, ARGV[1])", "redis.log(99, 'x')", "return redis.log(1)",
    "return cjson.encode(cjson.decode(ARGV[1]))", "return cmsgpack.unpack(ARGV[1])", "return cjson.encode({KEYS, ARGV})",
    "return cmsgpack.pack(ARGV)", "return {cmsgpack.unpack_limit(ARGV[1], 3, 0)}", "return struct.pack(ARGV[1], 1, 2, 3)",
    "return {struct.unpack(ARGV[1], ARGV[2])}", "return struct.size(ARGV[1])", "return bit.tohex(ARGV[1], ARGV[2])",
    "return bit.bxor(tonumber(ARGV[1]), 5)", "return string.rep(ARGV[1], 1000)", "return string.format(ARGV[1], 1, 2)",
    "return tostring(nosuch)", "x = 1", "string.x = 1", "getmetatable('').__index = nil", "rawset(_G, 'y', 1)",
    "local t = {}; t[1] = t; return t", "local function f() return f() + 1 end; return f()",
    "return redis.call('eval', 'return 1', 0)", "return redis.call('multi')", "return redis.call()", "return redis.call({})",
    "for i = 1, 50 do redis.call('rpush', KEYS[1], i) end; return redis.call('lrange', KEYS[1], 0, -1)",
    "redis.call('set', KEYS[1], 1); redis.call('incr', KEYS[1]); error('half way')",
    "return redis.call('subscribe', 'ch1')", "return redis.call('blpop', KEYS[1], 0)", "return redis.call('debug', 'digest')",
    "redis.set_repl(redis.REPL_NONE); return redis.call('incr', KEYS[1])", "redis.set_repl(77)", "redis.replicate_commands()",
    "return redis.acl_check_cmd(unpack(ARGV))", "return redis.acl_check_cmd()", "redis.breakpoint()", "redis.debug(ARGV)",
    "#!lua flags=no-writes\nreturn redis.call('set', KEYS[1], 1)", "#!lua flags=allow-oom,nosuch\nreturn 1",
    "#!lua name=x\nreturn 1", "#!ruby\nreturn 1", "#!", "#!lua", "return", "(((", "\u{1B}Lua", "--[[", "return [==[x]==]",
    "local t = {}; for i = 1, 20000 do t[i] = i end; return t", "return {unpack({1, 2, 3}, 1, 3)}", "return loadstring('return 1')()",
    "local d = 0; local t = {}; for i = 1, 300 do t = {t} end; return t", "return math.random()", "return os.clock() > 0",
    "return pcall(redis.call, unpack(ARGV))", "return select('#', redis.pcall(unpack(ARGV)))", "return cjson.decode('[1,null,{}]')",
  ]

  static let names = ["f1", "f2", "f3", "lib1", "lib2", "nosuch", "", "bad name", "f-1"]

  static let libraries = [
    "#!lua name=lib1\nredis.register_function('f1', function(keys, args) return redis.call('set', keys[1], args[1]) end)",
    "#!lua name=lib1\nredis.register_function{function_name='f2', callback=function(k, a) return redis.pcall(unpack(a)) end, flags={'no-writes'}}",
    "#!lua name=lib2\nlocal n = 0\nredis.register_function('f3', function() n = n + 1; return n end)",
    "#!lua name=lib2\nredis.register_function('f1', function(k, a) error(a[1]) end)", "#!lua name=lib3\nreturn 1",
    "#!lua name=lib4\nredis.call('set', 'x', 1)", "#!lua name=lib5\nerror('in load')", "#!lua name=bad name\n", "#!lua\n", "", "#!",
    "#!lua name=lib6\nredis.register_function('f4', 5)", "#!lua name=lib6 engine=x\n", "#!ruby name=lib7\n", "return 1",
    "#!lua name=lib8\nredis.register_function{function_name='f8', callback=function() return {map={a=1}} end, flags={'allow-oom', 'allow-stale', 'raw'}}",
    "#!lua name=lib9\nfor i = 1, 300 do redis.register_function('g' .. i, function() return i end) end",
  ]
}
