#include "lua_machine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

// Instructions between two looks at the clock.
enum { HOOK_INTERVAL = 100000 };

/// Memory of a machine, counted. What would go beyond the limit is refused, which Lua reports as an error.
static void *allocate(void *context, void *block, size_t old, size_t new) {
  cambium_lua *machine = context;
  if (new == 0) {
    free(block);
    machine->used -= old;
    return NULL;
  }
  if (new > old && !machine->is_collecting &&
      (machine->used >= machine->limit || new - old > machine->limit - machine->used)) {
    return NULL;
  }
  void *moved = realloc(block, new);
  // Lua counts on it that less can always be had.
  if (!moved) return new > old ? NULL : block;
  machine->used = machine->used - old + new;
  return moved;
}

/// Asks the host whether the script may go on.
static void hook(lua_State *L, lua_Debug *unused) {
  (void)unused;
  cambium_lua *machine = machine_of(L);
  int answer = machine->host.interrupt(machine->host.context);
  if (answer == CAMBIUM_LUA_CONTINUE) return;
  // From now on at every line, so that a pcall in a loop does not keep the script alive.
  machine->is_killed = 1;
  lua_sethook(L, hook, LUA_MASKLINE, 0);
  cambium_raise(
      L, answer == CAMBIUM_LUA_KILLED ? "Script killed by user with SCRIPT KILL..." : "FUNCTION LOAD timeout");
}

void cambium_set_hook(lua_State *L) { lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_INTERVAL); }

/// Lays out the bottom of the stack. lua_cpcall leaves nothing behind, so this is called like any Lua function.
static int open_and_return_slots(lua_State *L) {
  cambium_open_sandbox(L);
  return SLOT_LIBRARY_GLOBALS;
}

cambium_lua *cambium_lua_open(cambium_lua_host host, int is_for_functions, size_t limit) {
  cambium_lua *machine = calloc(1, sizeof *machine);
  if (!machine) return NULL;
  machine->host = host;
  machine->limit = limit;
  machine->is_for_functions = is_for_functions;
  machine->script_protocol = 2;
  if (getrandom(&machine->random, sizeof machine->random, GRND_NONBLOCK) < 0) machine->random = (uintptr_t)machine;
  machine->state = lua_newstate(allocate, machine);
  // Nothing is protected yet, but a C function without upvalues takes no more than the new state has left room for: the
  // caller's limit is never that small.
  if (machine->state) lua_pushcfunction(machine->state, open_and_return_slots);
  if (!machine->state || lua_pcall(machine->state, 0, LUA_MULTRET, 0) != 0) {
    cambium_lua_close(machine);
    return NULL;
  }
  machine->base = lua_gettop(machine->state);
  cambium_set_hook(machine->state);
  return machine;
}

void cambium_lua_close(cambium_lua *machine) {
  if (machine->state) lua_close(machine->state);
  free(machine->text.base);
  free(machine);
}

size_t cambium_lua_memory(const cambium_lua *machine) { return machine->used + machine->text.capacity; }

// MARK: Protected calls

static int collect(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  return 0;
}

void cambium_collect(lua_State *L) {
  cambium_lua *machine = machine_of(L);
  int top = lua_gettop(L);
  machine->is_collecting = 1;
  lua_cpcall(L, collect, NULL);
  machine->is_collecting = 0;
  lua_settop(L, top);
}

/// Puts the error on top of the stack into the machine's text, and pops it.
static void take_error(cambium_lua *machine, const char *prefix) {
  lua_State *L = machine->state;
  text_clear(&machine->text);
  text_append_string(&machine->text, machine->limit, prefix);
  // A number would be turned into a string, for which memory may be short.
  if (lua_type(L, -1) == LUA_TSTRING) {
    size_t count;
    const char *message = lua_tolstring(L, -1, &count);
    text_append(&machine->text, machine->limit, message, count);
  } else {
    text_append_string(&machine->text, machine->limit, "unknown error");
  }
  text_flatten(&machine->text, 0);
}

typedef struct {
  cambium_bytes code;
  int reference;
} compilation;

typedef struct {
  cambium_bytes code;
  int part;
} source;

/// Gives the code behind a space: what begins with a space is text to Lua, never bytecode.
static const char *read_source(lua_State *L, void *context, size_t *count) {
  (void)L;
  source *from = context;
  from->part++;
  if (from->part == 1) {
    *count = 1;
    return " ";
  }
  *count = from->part == 2 ? from->code.count : 0;
  return *count ? from->code.base : NULL;
}

static int is_bytecode(cambium_bytes code) { return code.count && *(const char *)code.base == LUA_SIGNATURE[0]; }

int cambium_load_text(lua_State *L, const char *code, size_t count, const char *name) {
  source from = {{code, count}, 0};
  if (is_bytecode(from.code)) return lua_load(L, read_source, &from, name);
  return luaL_loadbuffer(L, code, count, name);
}

static int compile(lua_State *L) {
  compilation *job = lua_touserdata(L, 1);
  if (cambium_load_text(L, job->code.base, job->code.count, "@user_script") != 0) return lua_error(L);
  job->reference = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

int cambium_lua_compile(cambium_lua *machine, cambium_bytes code, cambium_bytes *error) {
  lua_State *L = machine->state;
  compilation job = {code, 0};
  int status = lua_cpcall(L, compile, &job);
  if (status == 0) return job.reference;
  take_error(machine, "");
  lua_settop(L, machine->base);
  if (status == LUA_ERRMEM) cambium_collect(L);
  *error = (cambium_bytes){machine->text.base, machine->text.count};
  return 0;
}

/// Calls the code, and turns its error into a text: an error table has that as a field.
static int run_library(lua_State *L) {
  int status = lua_pcall(L, 0, 0, 0);
  if (status == 0) return 0;
  if (lua_istable(L, -1)) {
    lua_pushliteral(L, "err");
    lua_rawget(L, -2);
    if (!lua_isstring(L, -1)) lua_pushliteral(L, "ERR unknown error");
    lua_tostring(L, -1);
  } else if (lua_isstring(L, -1)) {
    lua_pushliteral(L, "ERR ");
    lua_insert(L, -2);
    lua_concat(L, 2);
  } else {
    lua_pushliteral(L, "ERR unknown error");
  }
  return lua_error(L);
}

static int load_library(lua_State *L) {
  compilation *job = lua_touserdata(L, 1);
  cambium_lua *machine = machine_of(L);
  if (cambium_load_text(L, job->code.base, job->code.count, "@user_function") != 0) return lua_error(L);
  machine->is_loading = 1;
  return run_library(L);
}

int cambium_lua_load(cambium_lua *machine, cambium_bytes code, cambium_bytes *error) {
  lua_State *L = machine->state;
  compilation job = {code, 0};
  cambium_switch_globals(L, 1);
  int is_good = lua_cpcall(L, load_library, &job) == 0;
  int was_running = machine->is_loading;
  machine->is_loading = 0;
  if (!is_good) {
    take_error(machine, was_running ? "Error registering functions: " : "Error compiling function: ");
    *error = (cambium_bytes){machine->text.base, machine->text.count};
  }
  lua_settop(L, machine->base);
  cambium_switch_globals(L, 0);
  if (!is_good) cambium_collect(L);
  if (machine->is_killed) {
    machine->is_killed = 0;
    cambium_set_hook(L);
  }
  return is_good;
}

void cambium_lua_release(cambium_lua *machine, int reference) {
  lua_State *L = machine->state;
  // What luaL_unref does, without taking memory: the number of the freed reference lies in a slot that is there.
  luaL_unref(L, LUA_REGISTRYINDEX, reference);
}
