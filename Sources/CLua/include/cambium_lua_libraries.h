#ifndef CAMBIUM_LUA_LIBRARIES_H
#define CAMBIUM_LUA_LIBRARIES_H

// The libraries that scripts of Redis find beside Lua's own. Debian has two of them, lua-cjson and lua-bitop, but as
// they were before CVE-2022-24834 (a length kept in an int) and CVE-2024-31449 (bit.tohex and the least integer), and
// buffers from malloc are lost whenever Lua raises an error over them. So all four are written anew, after the
// behaviour and the error texts of Redis 7.0. Every buffer belongs to Lua, every length is checked before it is used,
// and depth is bounded by Lua's stack (8000 slots for a C function).
//
// Each leaves the library's table on the stack, registers nothing and wants four free slots.

struct lua_State;

/// JSON. The settings belong to the table, so `cjson.new()` gives one with settings of its own.
int cambium_open_cjson(struct lua_State *L);

/// Operations on 32 bits.
int cambium_open_bit(struct lua_State *L);

/// MessagePack.
int cambium_open_cmsgpack(struct lua_State *L);

/// C structures in strings.
int cambium_open_struct(struct lua_State *L);

#endif
