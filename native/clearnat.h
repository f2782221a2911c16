/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the C files of the addon offer to the binding. Nothing here knows about
 * Node; every function may be called from any thread unless it says otherwise.
 *
 * Functions that can fail return a negative errno and describe the failure in
 * their last argument; callers pass a zeroed cn_error and clear it when done.
 */
#ifndef CLEARNAT_NATIVE_H
#define CLEARNAT_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CN_NAME_LEN 64

/* ---- error.c ------------------------------------------------------------ */

struct cn_error {
	int err; /* positive errno, 0 = no error */
	const char *syscall;
	char *detail; /* owned; may be NULL */
	char *log;    /* owned; the verifier's log of a refused program */
};

int cn_fail(struct cn_error *e, int err, const char *syscall, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void cn_error_clear(struct cn_error *e);

/* ---- log.c: what libbpf prints ------------------------------------------- */

struct cn_log {
	char *text;
	size_t len;
	size_t size;
};

/* Routes libbpf's messages; call once per process. */
void cn_log_setup(void);
/* Between begin and end, warnings of libbpf on this thread go to log. */
void cn_log_begin(struct cn_log *log);
void cn_log_end(void);
/* Moves the verifier's part and the last warning into e; frees the log. */
void cn_log_finish(struct cn_log *log, struct cn_error *e);

/* ---- object.c ------------------------------------------------------------ */

struct bpf_object;

int cn_object_open(const char *path, struct bpf_object **out, struct cn_error *e);
int cn_object_load(struct bpf_object *obj, struct cn_error *e);
void cn_object_close(struct bpf_object *obj);
int cn_object_set_rodata(struct bpf_object *obj, size_t offset, const void *data, size_t len,
			 struct cn_error *e);
int cn_object_set_max_entries(struct bpf_object *obj, const char *map, uint32_t entries,
			      struct cn_error *e);
int cn_object_set_map_flags(struct bpf_object *obj, const char *map, uint32_t flags,
			    struct cn_error *e);
int cn_object_reuse_map(struct bpf_object *obj, const char *map, int fd, struct cn_error *e);
int cn_object_set_autoload(struct bpf_object *obj, const char *prog, bool load,
			   struct cn_error *e);
int cn_object_add_program_flags(struct bpf_object *obj, const char *prog, uint32_t flags,
				struct cn_error *e);
/* Names in the order of the object; NULL after the last. Sections that libbpf
 * turns into maps (.rodata, .bss) are left out. */
const char *cn_object_map_name(struct bpf_object *obj, size_t index);
const char *cn_object_program_name(struct bpf_object *obj, size_t index);
/* New descriptors that the caller owns. */
int cn_object_map_fd(struct bpf_object *obj, const char *name, struct cn_error *e);
int cn_object_program_fd(struct bpf_object *obj, const char *name, struct cn_error *e);

/* ---- map.c ---------------------------------------------------------------- */

struct cn_map_info {
	uint32_t id;
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t flags;
	uint32_t io_value_size; /* bytes per value of the system call */
	char name[CN_NAME_LEN];
};

struct cn_entries {
	uint32_t count;
	uint8_t *keys;	 /* owned */
	uint8_t *values; /* owned */
};

int cn_map_create(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
		  uint32_t flags, struct cn_error *e);
int cn_map_get_info(int fd, struct cn_map_info *info, struct cn_error *e);
/* 1 = found, 0 = not there. */
int cn_map_lookup(int fd, const void *key, void *value, struct cn_error *e);
int cn_map_update(int fd, const void *key, const void *value, uint64_t flags, struct cn_error *e);
/* 1 = deleted, 0 = was not there. */
int cn_map_delete(int fd, const void *key, struct cn_error *e);

/* ---- map_batch.c: many entries in one call; for worker threads ------------- */

int cn_map_entries(int fd, const struct cn_map_info *info, struct cn_entries *out,
		   struct cn_error *e);
int cn_map_update_many(int fd, const struct cn_map_info *info, const uint8_t *keys,
		       const uint8_t *values, uint32_t count, uint64_t flags, struct cn_error *e);
/* Returns how many were there. */
int cn_map_delete_many(int fd, const struct cn_map_info *info, const uint8_t *keys,
		       uint32_t count, struct cn_error *e);

/* ---- keyset.c: keys already seen -------------------------------------------- */

struct cn_keyset;

struct cn_keyset *cn_keyset_new(uint32_t key_size);
/* 1 = was new, 0 = seen before, -ENOMEM. */
int cn_keyset_add(struct cn_keyset *set, const void *key);
void cn_keyset_free(struct cn_keyset *set);

/* ---- prog.c ---------------------------------------------------------------- */

struct cn_prog_info {
	uint32_t id;
	uint32_t type;
	uint32_t jited_size;
	uint32_t xlated_size;
	uint32_t verified_insns;
	uint64_t load_time; /* nanoseconds since boot */
	uint8_t tag[8];
	char name[CN_NAME_LEN];
};

struct cn_test_run {
	const void *data;
	uint32_t data_size;
	void *out;
	uint32_t out_size; /* in: room; out: bytes written */
	const void *ctx;
	uint32_t ctx_size;
	uint32_t repeat;
	uint32_t retval;
	uint32_t duration; /* nanoseconds per run */
};

int cn_prog_get_info(int fd, struct cn_prog_info *info, struct cn_error *e);
int cn_prog_test_run(int fd, struct cn_test_run *run, struct cn_error *e);

/* ---- bpffs.c ---------------------------------------------------------------- */

int cn_pin(int fd, const char *path, struct cn_error *e);
enum cn_pinned { CN_PINNED_MAP, CN_PINNED_PROGRAM, CN_PINNED_LINK };
int cn_open_pinned(const char *path, enum cn_pinned kind, struct cn_error *e);
/* 1 = mounted now, 0 = was one already. */
int cn_ensure_bpffs(const char *path, struct cn_error *e);

/* ---- xdp.c ------------------------------------------------------------------ */

struct cn_link_info {
	uint32_t id;
	uint32_t prog_id;
	uint32_t ifindex;
};

int cn_xdp_attach(int prog_fd, int ifindex, uint32_t mode, struct cn_error *e);
int cn_xdp_program_id(int ifindex, uint32_t *id, struct cn_error *e);
int cn_link_get_info(int fd, struct cn_link_info *info, struct cn_error *e);
int cn_link_update(int fd, int prog_fd, struct cn_error *e);
int cn_link_detach(int fd, struct cn_error *e);

#ifdef __cplusplus
}
#endif

#endif
