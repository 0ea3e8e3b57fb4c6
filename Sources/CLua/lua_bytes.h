#ifndef CAMBIUM_LUA_BYTES_H
#define CAMBIUM_LUA_BYTES_H

#include <lua5.1/lauxlib.h>
#include <lua5.1/lua.h>
#include <stdint.h>
#include <string.h>

/// Bytes that grow at the end. They belong to a userdata on the Lua stack, so that an error raised by anyone (a longjmp
/// past us) leaves them to the collector. Few bytes lie in the userdata itself; more in a block of the state's
/// allocator, which is given back as soon as it has served: Lua 5.1 raises an error when memory is short rather than
/// collect garbage. luaL_Buffer cannot serve, since it keeps its parts on top of the stack, where the walk through
/// nested tables is at work.
typedef struct {
  lua_State *L;
  char *data;
  size_t count, capacity;
  int slot;
  char *block;  // NULL while the bytes are few
  char few[256];
} Bytes;

static inline void bytes_release(Bytes *bytes) {
  if (bytes->block == NULL) return;
  void *context;
  lua_Alloc allocate = lua_getallocf(bytes->L, &context);
  allocate(context, bytes->block, bytes->capacity, 0);
  bytes->block = NULL;
  bytes->data = bytes->few;
  bytes->count = 0;
  bytes->capacity = sizeof bytes->few;
}

static int bytes_collect(lua_State *L) {
  Bytes *bytes = lua_touserdata(L, 1);
  bytes->L = L;  // the coroutine that it was made in may be gone
  bytes_release(bytes);
  return 0;
}

/// Takes the slot `slot` of the stack, above which all move up, until the bytes are pushed. Four slots must be free.
static inline Bytes *bytes_open(lua_State *L, int slot) {
  Bytes *bytes = lua_newuserdata(L, sizeof(Bytes));
  bytes->L = L;
  bytes->slot = slot;
  bytes->data = bytes->few;
  bytes->count = 0;
  bytes->capacity = sizeof bytes->few;
  bytes->block = NULL;
  if (luaL_newmetatable(L, "cambium.bytes")) {
    lua_pushcfunction(L, bytes_collect);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  lua_insert(L, slot);
  return bytes;
}

/// Room for `more` bytes, at the returned place. Takes no slot of the stack.
static inline char *bytes_reserve(Bytes *bytes, size_t more) {
  if (bytes->capacity - bytes->count < more) {
    lua_State *L = bytes->L;
    if (more > SIZE_MAX / 4 - bytes->count) luaL_error(L, "not enough memory");
    size_t needed = bytes->count + more, capacity = needed + needed / 2;
    void *context;
    lua_Alloc allocate = lua_getallocf(L, &context);
    char *block = allocate(context, bytes->block, bytes->block == NULL ? 0 : bytes->capacity, capacity);
    if (block == NULL) {
      bytes_release(bytes);
      luaL_error(L, "not enough memory");
    }
    if (bytes->block == NULL) memcpy(block, bytes->few, bytes->count);
    bytes->block = bytes->data = block;
    bytes->capacity = capacity;
  }
  return bytes->data + bytes->count;
}

static inline void bytes_append(Bytes *bytes, const void *source, size_t count) {
  if (count == 0) return;
  memcpy(bytes_reserve(bytes, count), source, count);
  bytes->count += count;
}

static inline void bytes_append_byte(Bytes *bytes, int byte) {
  *bytes_reserve(bytes, 1) = (char)byte;
  bytes->count += 1;
}

/// Pushes what has been gathered as a string, and gives the block back. Two slots must be free.
static inline void bytes_push(Bytes *bytes) {
  lua_State *L = bytes->L;
  lua_pushlstring(L, bytes->data, bytes->count);
  bytes_release(bytes);
  lua_pushnil(L);  // without a finalizer the userdata goes at once
  lua_setmetatable(L, bytes->slot);
}

/// Sets `functions` (ended by a null name) in the table on top of the stack.
static inline void set_functions(lua_State *L, const luaL_Reg *functions) {
  for (; functions->name != NULL; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

static inline void set_text(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

#endif
