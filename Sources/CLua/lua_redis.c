#include "lua_machine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// The `redis` table, and what of Lua's own depends on the server. Behaviour and error texts follow Redis 7.0.

// MARK: Errors

/// The text of an error table: the code, and the message without line ends around it.
static void push_error_text(lua_State *L, const char *message, size_t count) {
  const char *code = "ERR";
  size_t code_count = 3;
  int has_code = 0;
  if (count > 0 && message[0] == '-') {
    message++;
    count--;
    const char *space = memchr(message, ' ', count);
    if (space) {
      has_code = 1;
      code = message;
      code_count = (size_t)(space - message);
      count -= code_count + 1;
      message = space + 1;
    }
  }
  // Then the text stands there as it is to be.
  int is_whole = has_code && (count == 0 || (message[0] != '\r' && message[0] != '\n'));
  while (count > 0 && (message[0] == '\r' || message[0] == '\n')) message++, count--;
  while (count > 0 && (message[count - 1] == '\r' || message[count - 1] == '\n')) count--;
  if (is_whole) {
    lua_pushlstring(L, code, code_count + 1 + count);
    return;
  }
  lua_pushlstring(L, code, code_count);
  lua_pushliteral(L, " ");
  lua_pushlstring(L, message, count);
  lua_concat(L, 3);
}

void cambium_push_error(lua_State *L, const char *message, size_t count) {
  luaL_checkstack(L, 5, "no room for an error");
  lua_createtable(L, 0, 4);
  push_error_text(L, message, count);
  lua_setfield(L, -2, "err");
}

int cambium_raise(lua_State *L, const char *message) {
  cambium_push_error(L, message, strlen(message));
  return lua_error(L);
}

/// Turns an error into a table, and adds to it where it was raised: in the script, though it was in a function of C.
int cambium_error_handler(lua_State *L) {
  lua_settop(L, 1);
  lua_Debug place;
  int is_known = lua_getstack(L, 1, &place) && lua_getinfo(L, "Sl", &place);
  if (is_known && strcmp(place.what, "C") == 0) {
    is_known = lua_getstack(L, 2, &place) && lua_getinfo(L, "Sl", &place);
  }
  if (!lua_istable(L, 1)) {
    lua_createtable(L, 0, 3);
    lua_pushliteral(L, "ERR ");
    if (lua_isstring(L, 1)) lua_pushvalue(L, 1);
    else if (lua_isnil(L, 1)) lua_pushliteral(L, "nil");
    else if (lua_isboolean(L, 1)) lua_pushstring(L, lua_toboolean(L, 1) ? "true" : "false");
    else lua_pushfstring(L, "%s: %p", luaL_typename(L, 1), lua_topointer(L, 1));
    lua_concat(L, 2);
    lua_setfield(L, -2, "err");
    lua_replace(L, 1);
  }
  if (is_known && !cambium_push_protected(L, 1)) {
    lua_pushliteral(L, "source");
    lua_pushstring(L, place.source);
    lua_rawset(L, 1);
    lua_pushliteral(L, "line");
    lua_pushinteger(L, place.currentline);
    lua_rawset(L, 1);
  }
  lua_settop(L, 1);
  return 1;
}

// MARK: Commands

enum { INLINE_ARGUMENTS = 32, NUMBER_SIZE = 32 };

typedef struct {
  cambium_bytes items[INLINE_ARGUMENTS];
  char numbers[INLINE_ARGUMENTS][NUMBER_SIZE];
} argument_room;

/// Writes a number as %.17g does; nearly all are whole.
static size_t write_number(char *to, double number) {
  if (number >= -999999999999999 && number <= 999999999999999 && number == (double)(int64_t)number &&
      (number != 0 || !signbit(number))) {
    char digits[NUMBER_SIZE];
    int at = NUMBER_SIZE;
    int64_t whole = (int64_t)number;
    uint64_t rest = whole < 0 ? (uint64_t)-whole : (uint64_t)whole;
    do {
      digits[--at] = (char)('0' + rest % 10);
      rest /= 10;
    } while (rest);
    if (whole < 0) digits[--at] = '-';
    memcpy(to, digits + at, (size_t)(NUMBER_SIZE - at));
    return (size_t)(NUMBER_SIZE - at);
  }
  return (size_t)snprintf(to, NUMBER_SIZE, "%.17g", number);
}

/// Gathers the arguments on the stack, of which there is at least one. NULL, with an error pushed in their place, if one of
/// them is neither a string nor a number. They are good as long as they are on the stack.
static cambium_bytes *gather(lua_State *L, argument_room *room, int *count) {
  *count = lua_gettop(L);
  if (*count == 0) {
    cambium_push_error_literal(L, "Please specify at least one argument for this redis lib call");
    return NULL;
  }
  cambium_bytes *items = room->items;
  char(*numbers)[NUMBER_SIZE] = room->numbers;
  if (*count > INLINE_ARGUMENTS) {
    items = lua_newuserdata(L, (size_t)*count * (sizeof *items + NUMBER_SIZE));
    numbers = (char(*)[NUMBER_SIZE])(items + *count);
  }
  for (int index = 0; index < *count; index++) {
    switch (lua_type(L, index + 1)) {
    case LUA_TSTRING: items[index].base = lua_tolstring(L, index + 1, &items[index].count); break;
    case LUA_TNUMBER:
      items[index].base = numbers[index];
      items[index].count = write_number(numbers[index], lua_tonumber(L, index + 1));
      break;
    default:
      lua_settop(L, 0);
      cambium_push_error_literal(L, "Lua redis lib command arguments must be strings or integers");
      return NULL;
    }
  }
  return items;
}

static int call_command(lua_State *L, int raises) {
  cambium_lua *machine = machine_of(L);
  if (!machine->is_running) {
    return cambium_raise(L, "redis.call/pcall can only be called inside a script invocation");
  }
  argument_room room;
  int count;
  cambium_bytes *items = gather(L, &room, &count);
  if (!items) return raises ? lua_error(L) : 1;
  cambium_bytes reply = machine->host.call(machine->host.context, items, (size_t)count);
  // A function of C has room for 8000 values: the arguments leave first.
  lua_settop(L, 0);
  const char *base = reply.base;
  if (reply.count == 0) return luaL_error(L, "the command was not answered");
  cambium_push_reply(L, base, base + reply.count);
  return raises && base[0] == '-' ? lua_error(L) : 1;
}

static int redis_call(lua_State *L) { return call_command(L, 1); }
static int redis_pcall(lua_State *L) { return call_command(L, 0); }

static int redis_acl_check_cmd(lua_State *L) {
  cambium_lua *machine = machine_of(L);
  if (!machine->is_running) {
    return cambium_raise(L, "redis.acl_check_cmd can only be called inside a script invocation");
  }
  argument_room room;
  int count;
  cambium_bytes *items = gather(L, &room, &count);
  if (!items) return lua_error(L);
  int answer = machine->host.may_run(machine->host.context, items, (size_t)count);
  if (answer < 0) return cambium_raise(L, "Invalid command passed to redis.acl_check_cmd()");
  lua_pushboolean(L, answer);
  return 1;
}

// MARK: Replies and settings

static int redis_error_reply(lua_State *L) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
    cambium_push_error_literal(L, "wrong number or type of arguments");
    return 1;
  }
  const char *text = lua_tostring(L, 1);
  if (text[0] != '-') {
    lua_pushliteral(L, "-");
    lua_pushstring(L, text);
    lua_concat(L, 2);
    text = lua_tostring(L, -1);
  }
  cambium_push_error(L, text, strlen(text));
  return 1;
}

static int redis_status_reply(lua_State *L) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
    cambium_push_error_literal(L, "wrong number or type of arguments");
    return 1;
  }
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "ok");
  return 1;
}

static int redis_sha1hex(lua_State *L) {
  if (lua_gettop(L) != 1) return cambium_raise(L, "wrong number of arguments");
  cambium_bytes bytes = {NULL, 0};
  bytes.base = lua_tolstring(L, 1, &bytes.count);
  cambium_lua *machine = machine_of(L);
  char digits[40];
  machine->host.sha1(machine->host.context, bytes, digits);
  lua_pushlstring(L, digits, sizeof digits);
  return 1;
}

/// The number at `index` as an int; one that is none stands for 0.
static int integer_at(lua_State *L, int index) {
  double number = lua_tonumber(L, index);
  return number > -2147483648.0 && number < 2147483648.0 ? (int)number : 0;
}

static int redis_setresp(lua_State *L) {
  cambium_lua *machine = machine_of(L);
  if (!machine->is_running) {
    return cambium_raise(L, "redis.setresp can only be called inside a script invocation");
  }
  if (lua_gettop(L) != 1) return cambium_raise(L, "redis.setresp() requires one argument.");
  int version = integer_at(L, 1);
  if (version != 2 && version != 3) return cambium_raise(L, "RESP version must be 2 or 3.");
  machine->script_protocol = version;
  machine->host.set_protocol(machine->host.context, version);
  return 0;
}

enum { REPLICATE_NONE = 0, REPLICATE_LOG = 1, REPLICATE_REPLICA = 2, REPLICATE_ALL = 3 };

static int redis_set_repl(lua_State *L) {
  cambium_lua *machine = machine_of(L);
  if (!machine->is_running) {
    return cambium_raise(L, "redis.set_repl can only be called inside a script invocation");
  }
  if (lua_gettop(L) != 1) return cambium_raise(L, "redis.set_repl() requires two arguments.");
  int flags = integer_at(L, 1);
  if (flags & ~REPLICATE_ALL) {
    return cambium_raise(L, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
  }
  machine->host.set_replication(machine->host.context, flags);
  return 0;
}

static int redis_log(lua_State *L) {
  int count = lua_gettop(L);
  if (count < 2) return cambium_raise(L, "redis.log() requires two arguments or more.");
  if (!lua_isnumber(L, 1)) return cambium_raise(L, "First argument must be a number (log level).");
  double level = lua_tonumber(L, 1);
  if (!(level > -1 && level < 4)) return cambium_raise(L, "Invalid debug level.");
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (int index = 2; index <= count; index++) {
    size_t length;
    const char *part = lua_tolstring(L, index, &length);
    if (!part) continue;
    if (index > 2) luaL_addchar(&text, ' ');
    luaL_addlstring(&text, part, length);
  }
  luaL_pushresult(&text);
  cambium_bytes bytes;
  bytes.base = lua_tolstring(L, -1, &bytes.count);
  cambium_lua *machine = machine_of(L);
  machine->host.log(machine->host.context, (int)level, bytes);
  return 0;
}

/// redis.breakpoint: nobody debugs.
static int redis_breakpoint(lua_State *L) {
  lua_pushboolean(L, 0);
  return 1;
}

static int redis_debug(lua_State *L) {
  (void)L;
  return 0;
}

/// redis.replicate_commands: it is never otherwise.
static int redis_replicate_commands(lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}

// MARK: Random numbers

/// 31 bits, as lrand48 has them: the sequence behind a seed is the same as in Redis.
static uint32_t next_random(cambium_lua *machine) {
  machine->random = (machine->random * 0x5DEECE66Dull + 0xB) & 0xFFFFFFFFFFFFull;
  return (uint32_t)(machine->random >> 17);
}

static int math_random(lua_State *L) {
  cambium_lua *machine = machine_of(L);
  if (!machine->is_running) return luaL_error(L, "math.random can only be called inside a script invocation");
  double fraction = (double)(next_random(machine) % 0x7FFFFFFF) / 0x7FFFFFFF;
  switch (lua_gettop(L)) {
  case 0: lua_pushnumber(L, fraction); break;
  case 1: {
    int upper = luaL_checkint(L, 1);
    luaL_argcheck(L, 1 <= upper, 1, "interval is empty");
    lua_pushnumber(L, floor(fraction * upper) + 1);
    break;
  }
  case 2: {
    int lower = luaL_checkint(L, 1);
    int upper = luaL_checkint(L, 2);
    luaL_argcheck(L, lower <= upper, 2, "interval is empty");
    lua_pushnumber(L, floor(fraction * ((double)upper - lower + 1)) + lower);
    break;
  }
  default: return luaL_error(L, "wrong number of arguments");
  }
  return 1;
}

static int math_randomseed(lua_State *L) {
  cambium_lua *machine = machine_of(L);
  if (!machine->is_running) return luaL_error(L, "math.randomseed can only be called inside a script invocation");
  machine->random = (uint64_t)(uint32_t)luaL_checkint(L, 1) << 16 | 0x330E;
  return 0;
}

// MARK: The tables

void cambium_add_function(lua_State *L, const char *name, lua_CFunction function) {
  lua_pushcfunction(L, function);
  lua_setfield(L, -2, name);
}

void cambium_add_number(lua_State *L, const char *name, double number) {
  lua_pushnumber(L, number);
  lua_setfield(L, -2, name);
}

void cambium_add_common(lua_State *L) {
  cambium_add_function(L, "log", redis_log);
  cambium_add_number(L, "LOG_DEBUG", 0);
  cambium_add_number(L, "LOG_VERBOSE", 1);
  cambium_add_number(L, "LOG_NOTICE", 2);
  cambium_add_number(L, "LOG_WARNING", 3);
  cambium_add_number(L, "REDIS_VERSION_NUM", 0x0007000f);
  lua_pushliteral(L, "7.0.15");
  lua_setfield(L, -2, "REDIS_VERSION");
}

void cambium_push_redis(lua_State *L) {
  lua_getglobal(L, "math");
  cambium_add_function(L, "random", math_random);
  cambium_add_function(L, "randomseed", math_randomseed);
  lua_pop(L, 1);

  lua_newtable(L);
  cambium_add_function(L, "call", redis_call);
  cambium_add_function(L, "pcall", redis_pcall);
  cambium_add_common(L);
  cambium_add_function(L, "setresp", redis_setresp);
  cambium_add_function(L, "sha1hex", redis_sha1hex);
  cambium_add_function(L, "error_reply", redis_error_reply);
  cambium_add_function(L, "status_reply", redis_status_reply);
  cambium_add_function(L, "set_repl", redis_set_repl);
  cambium_add_number(L, "REPL_NONE", REPLICATE_NONE);
  cambium_add_number(L, "REPL_AOF", REPLICATE_LOG);
  cambium_add_number(L, "REPL_SLAVE", REPLICATE_REPLICA);
  cambium_add_number(L, "REPL_REPLICA", REPLICATE_REPLICA);
  cambium_add_number(L, "REPL_ALL", REPLICATE_ALL);
  cambium_add_function(L, "acl_check_cmd", redis_acl_check_cmd);
  if (machine_of(L)->is_for_functions) return;
  cambium_add_function(L, "breakpoint", redis_breakpoint);
  cambium_add_function(L, "debug", redis_debug);
  cambium_add_function(L, "replicate_commands", redis_replicate_commands);
}
