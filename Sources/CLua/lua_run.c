#include "lua_machine.h"

#include <string.h>

// Scripts between two steps of the collector, and the size of a step: a collection as a whole would take too long at once.
enum { STEP_INTERVAL = 50, STEP_SIZE = 50 };

static void push_array(lua_State *L, const cambium_bytes *items, size_t count) {
  lua_createtable(L, (int)count, 0);
  for (size_t index = 0; index < count; index++) {
    lua_pushlstring(L, items[index].base, items[index].count);
    lua_rawseti(L, -2, (int)index + 1);
  }
}

/// Runs the script that the run on the stack names, and writes its reply. Upvalues: the error handler, the globals.
int cambium_trampoline(lua_State *L) {
  cambium_lua_run *run = lua_touserdata(L, 1);
  cambium_lua *machine = machine_of(L);
  if (++machine->runs_since_step >= STEP_INTERVAL) {
    machine->runs_since_step = 0;
    lua_gc(L, LUA_GCSTEP, STEP_SIZE);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  int status;
  if (machine->is_for_functions) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->reference);
    push_array(L, run->keys, run->key_count);
    push_array(L, run->arguments, run->argument_count);
    status = lua_pcall(L, 2, 1, 2);
  } else {
    push_array(L, run->keys, run->key_count);
    lua_setfield(L, lua_upvalueindex(2), "KEYS");
    push_array(L, run->arguments, run->argument_count);
    lua_setfield(L, lua_upvalueindex(2), "ARGV");
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->reference);
    status = lua_pcall(L, 0, 1, 2);
  }
  if (status == 0) cambium_write_reply(L, run); else cambium_write_failure(L, run);
  return 0;
}

/// Answers with why the reply itself could not be made: the error on top of the stack, or that it is too long.
static void write_refusal(cambium_lua *machine, cambium_lua_run *run, int has_error) {
  enum { LONGEST = 100 };
  cambium_text *text = &machine->text;
  const char *reason = "the reply is too large";
  size_t count = strlen(reason);
  if (has_error && lua_type(machine->state, -1) == LUA_TSTRING) reason = lua_tolstring(machine->state, -1, &count);
  text_clear(text);
  text_append_string(text, machine->limit, "-ERR Error running script ");
  text_append_string(text, machine->limit, run->name);
  text_append_string(text, machine->limit, ", ");
  text_append(text, machine->limit, reason, count < LONGEST ? count : LONGEST);
  text_flatten(text, 0);
  text_append(text, machine->limit, "\r\n", 2);
  run->is_counted = 0;
}

void cambium_lua_execute(cambium_lua *machine, cambium_lua_run *run) {
  lua_State *L = machine->state;
  text_clear(&machine->text);
  run->is_counted = 0;
  machine->is_running = 1;
  machine->script_protocol = 2;
  lua_pushvalue(L, SLOT_TRAMPOLINE);
  lua_pushlightuserdata(L, run);
  int status = lua_pcall(L, 1, 0, 0);
  machine->is_running = 0;
  if (machine->is_killed) {
    machine->is_killed = 0;
    cambium_set_hook(L);
  }
  int is_short = status != 0 || machine->text.is_broken;
  if (is_short) write_refusal(machine, run, status != 0);
  lua_settop(L, machine->base);
  // What has filled the memory is garbage now.
  if (is_short || machine->used > machine->limit / 2) cambium_collect(L);
  run->reply = (cambium_bytes){machine->text.base, machine->text.count};
}
