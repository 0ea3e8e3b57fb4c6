#ifndef CAMBIUM_LUA_MACHINE_H
#define CAMBIUM_LUA_MACHINE_H

// What the files of the machine share.

#include "include/cambium_lua.h"

#include <lua5.1/lauxlib.h>
#include <lua5.1/lua.h>
#include <lua5.1/lualib.h>

/// Text that grows: the reply to a client, an error message. Kept for the next time unless it has become large.
typedef struct cambium_text {
  char *base;
  size_t count;
  size_t capacity;
  /// Memory was short or the text too long: it is of no use.
  int is_broken;
} cambium_text;

struct cambium_lua {
  lua_State *state;
  cambium_lua_host host;
  size_t used;
  size_t limit;
  /// Garbage is collected, for which memory is given beyond the limit: it takes little, and leaves more.
  int is_collecting;
  cambium_text text;
  int is_for_functions;
  /// Values at the bottom of the stack, which stay there (see the slots below).
  int base;
  /// The protocol that the running script has asked replies in.
  int script_protocol;
  /// A script or function is running, so that commands may be called.
  int is_running;
  /// The code of a library is running, so that functions may be registered.
  int is_loading;
  /// A kill has been raised: the hooks are to be set back behind the script.
  int is_killed;
  /// Scripts since the last step of the collector.
  int runs_since_step;
  /// Of math.random: 48 bits, as in drand48.
  uint64_t random;
};

/// What lies at the bottom of the main stack, so that it is reached without taking memory.
enum {
  /// Runs a script; see lua_run.c.
  SLOT_TRAMPOLINE = 1,
  /// The metatable of the globals that scripts see, and the name of its field that says what they stand for.
  SLOT_GLOBALS_METATABLE = 2,
  SLOT_INDEX_NAME = 3,
  /// The globals of running scripts, and those of a library while it is loaded.
  SLOT_GLOBALS = 4,
  SLOT_LIBRARY_GLOBALS = 5,
};

/// The machine of a state: it is its allocator's.
static inline cambium_lua *machine_of(lua_State *L) {
  void *machine;
  lua_getallocf(L, &machine);
  return machine;
}

// lua_machine.c
void cambium_set_hook(lua_State *L);
/// Collects all garbage, however short memory is.
void cambium_collect(lua_State *L);
/// Compiles text, never bytecode, as lua_load does.
int cambium_load_text(lua_State *L, const char *code, size_t count, const char *name);

// lua_run.c
int cambium_trampoline(lua_State *L);

// lua_text.c
void text_clear(cambium_text *text);
void text_append(cambium_text *text, size_t limit, const char *bytes, size_t count);
void text_append_string(cambium_text *text, size_t limit, const char *string);
/// Turns line ends into spaces from `from` on, so that the text fits into one line of a reply.
void text_flatten(cambium_text *text, size_t from);

// lua_sandbox.c
/// Fills a new state and lays out the bottom of its stack. To be called once per machine, protected.
void cambium_open_sandbox(lua_State *L);
/// Puts the table that the protected table at `index` stands for on the stack; 0, and nothing, if it is no such table.
int cambium_push_protected(lua_State *L, int index);
/// Raises the error of writing to a protected table, without a place in the script.
int cambium_refuse_write(lua_State *L);
/// Has the globals be those that a library sees while it is loaded, or those of running scripts. Takes no memory.
void cambium_switch_globals(lua_State *L, int is_loading);

// lua_base.c: replaces functions of the libraries that are unsafe, or that see through protected tables.
void cambium_replace_base(lua_State *L);

// lua_redis.c
/// Pushes the `redis` table of running scripts.
void cambium_push_redis(lua_State *L);
/// Adds `log` and its levels, and the version, to the table on top.
void cambium_add_common(lua_State *L);
/// Adds a function, or a number, to the table on top.
void cambium_add_function(lua_State *L, const char *name, lua_CFunction function);
void cambium_add_number(lua_State *L, const char *name, double number);
/// Pushes an error table. A message that begins with a minus has its own code.
void cambium_push_error(lua_State *L, const char *message, size_t count);
#define cambium_push_error_literal(L, text) cambium_push_error(L, "" text, sizeof(text) - 1)
int cambium_raise(lua_State *L, const char *message);
int cambium_error_handler(lua_State *L);

// lua_functions.c
/// Pushes the `redis` table that a library sees while it is loaded.
void cambium_push_library_api(lua_State *L);

// lua_reply.c
/// Pushes the reply that begins at `at`, and answers where it ends.
const char *cambium_push_reply(lua_State *L, const char *at, const char *end);
/// Writes the value on top of the stack as a reply, and pops it.
void cambium_write_reply(lua_State *L, cambium_lua_run *run);
/// Writes the error on top of the stack as a reply, and pops it.
void cambium_write_failure(lua_State *L, cambium_lua_run *run);

#endif
