#ifndef CAMBIUM_LUA_H
#define CAMBIUM_LUA_H

// Lua 5.1 for the scripts of Redis: a sandbox, the `redis` table, and replies both ways.
//
// Lua reports an error with longjmp, which must not pass over a Swift frame. So all that may raise is on this side: what
// Swift calls here runs protected and answers with a status, and what is called of Swift (see cambium_lua_host) never
// raises, but returns, whereupon this side raises.

#include <stddef.h>
#include <stdint.h>

typedef struct cambium_bytes {
  const void *base;
  size_t count;
} cambium_bytes;

/// Why a script is interrupted.
enum {
  CAMBIUM_LUA_CONTINUE = 0,
  CAMBIUM_LUA_KILLED = 1,
  CAMBIUM_LUA_LOAD_TIMEOUT = 2,
};

/// What a machine asks of its host. Nothing of it may raise or call the machine.
typedef struct cambium_lua_host {
  void *context;
  /// Runs a command and answers with its reply, in the protocol's own bytes, which are good until the next call.
  cambium_bytes (*call)(void *context, const cambium_bytes *arguments, size_t count);
  /// Whether the caller of the script may run a command: 1 or 0, or -1 if there is no such command.
  int (*may_run)(void *context, const cambium_bytes *arguments, size_t count);
  void (*log)(void *context, int level, cambium_bytes text);
  /// The protocol, 2 or 3, that replies are given to the script in.
  void (*set_protocol)(void *context, int version);
  void (*set_replication)(void *context, int flags);
  /// Writes the 40 hexadecimal digits.
  void (*sha1)(void *context, cambium_bytes bytes, char *digits);
  /// Asked from time to time while a script runs.
  int (*interrupt)(void *context);
  /// Takes a function of the library that is being loaded; answers with why it does not, or NULL. A description whose
  /// base is NULL is none.
  const char *(*register_function)(
      void *context, cambium_bytes name, cambium_bytes description, uint32_t flags, int reference);
} cambium_lua_host;

/// What a script says of itself, in a shebang or with its registration.
enum {
  CAMBIUM_LUA_NO_WRITES = 1 << 0,
  CAMBIUM_LUA_ALLOW_OOM = 1 << 1,
  CAMBIUM_LUA_ALLOW_STALE = 1 << 2,
  CAMBIUM_LUA_NO_CLUSTER = 1 << 3,
  CAMBIUM_LUA_ALLOW_CROSS_SLOT = 1 << 4,
};

/// The flag of this name; 0 if there is none.
uint32_t cambium_lua_flag(const char *name, size_t count, int ignores_case);

/// The names of the flags in the order of their bits; NULL behind the last.
const char *cambium_lua_flag_name(int index);

typedef struct cambium_lua cambium_lua;

/// A new machine, for EVAL or for libraries of functions, whose memory may not grow beyond `limit` bytes; NULL if memory
/// is short.
cambium_lua *cambium_lua_open(cambium_lua_host host, int is_for_functions, size_t limit);
void cambium_lua_close(cambium_lua *machine);
/// Bytes that it has taken.
size_t cambium_lua_memory(const cambium_lua *machine);

/// Compiles a script of EVAL: answers with a reference to it, or with 0 and the error text. Bytecode is refused.
int cambium_lua_compile(cambium_lua *machine, cambium_bytes code, cambium_bytes *error);
/// Runs the code of a library, which registers its functions. Answers 1, or 0 and the error text.
int cambium_lua_load(cambium_lua *machine, cambium_bytes code, cambium_bytes *error);
/// Forgets a script or a function.
void cambium_lua_release(cambium_lua *machine, int reference);

typedef struct cambium_lua_run {
  /// The script or function.
  int reference;
  /// As error replies name it.
  const char *name;
  const cambium_bytes *keys;
  size_t key_count;
  const cambium_bytes *arguments;
  size_t argument_count;
  /// The protocol that the client speaks.
  int protocol;
  /// The reply. It is good until the next call of the machine.
  cambium_bytes reply;
  /// The reply is an error that was counted when the command that it is of was answered.
  int is_counted;
} cambium_lua_run;

/// Runs a script or function.
void cambium_lua_execute(cambium_lua *machine, cambium_lua_run *run);

#endif
