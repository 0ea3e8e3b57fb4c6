#include "lua_machine.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT = 64 << 10 };

void text_clear(cambium_text *text) {
  text->count = 0;
  text->is_broken = 0;
  if (text->capacity > KEPT) {
    free(text->base);
    text->base = NULL;
    text->capacity = 0;
  }
}

void text_append(cambium_text *text, size_t limit, const char *bytes, size_t count) {
  if (text->is_broken || count == 0) return;
  if (count > text->capacity - text->count) {
    size_t needed = text->count + count;
    size_t capacity = needed < 512 ? 1024 : needed + needed / 2;
    char *base = needed > limit ? NULL : realloc(text->base, capacity);
    if (!base) {
      text->is_broken = 1;
      return;
    }
    text->base = base;
    text->capacity = capacity;
  }
  memcpy(text->base + text->count, bytes, count);
  text->count += count;
}

void text_append_string(cambium_text *text, size_t limit, const char *string) {
  text_append(text, limit, string, strlen(string));
}

void text_flatten(cambium_text *text, size_t from) {
  for (size_t at = from; at < text->count; at++) {
    if (text->base[at] == '\r' || text->base[at] == '\n') text->base[at] = ' ';
  }
}
