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
int cn_object_set_autoload(struct bpf_object *obj, const char *prog, bool load, struct cn_error *e);
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
int cn_map_delete_many(int fd, const struct cn_map_info *info, const uint8_t *keys, uint32_t count,
		       struct cn_error *e);

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

/* ---- ringbuf.c -------------------------------------------------------------- */

struct cn_ring;

/* Returns negative to stop reading for now (the record counts as read). */
typedef int (*cn_record_fn)(void *arg, void *data, size_t len);

struct cn_ring *cn_ring_open(int map_fd, cn_record_fn on_record, void *arg, struct cn_error *e);
/* Becomes readable when there are records. */
int cn_ring_fd(const struct cn_ring *ring);
int cn_ring_read(struct cn_ring *ring);
void cn_ring_close(struct cn_ring *ring);

/* ---- address.c: text <-> addresses ------------------------------------------- */

struct sockaddr_storage;

#define CN_ADDRESS_LEN 64 /* INET6_ADDRSTRLEN, a scope or a prefix length */

struct cn_address {
	int family; /* AF_INET or AF_INET6; ::ffff:a.b.c.d is AF_INET */
	uint32_t len;
	uint8_t bytes[16];
	uint32_t scope; /* interface of fe80::1%eth0, else 0 */
};

int cn_address_parse(const char *text, struct cn_address *out, struct cn_error *e);
void cn_address_format(int family, const void *bytes, char out[CN_ADDRESS_LEN]);
/* Returns the length of the sockaddr. */
uint32_t cn_address_to_sockaddr(const struct cn_address *address, uint16_t port,
				struct sockaddr_storage *out);

/* ---- netlink.c: requests ------------------------------------------------------- */

struct cn_route {
	int ifindex;
	char source[CN_ADDRESS_LEN];  /* empty = none */
	char gateway[CN_ADDRESS_LEN]; /* empty = none */
};

int cn_neighbour_use(int ifindex, const struct cn_address *address, struct cn_error *e);
int cn_address_change(bool add, int ifindex, const struct cn_address *address, uint8_t prefix,
		      struct cn_error *e);
int cn_route_get(const struct cn_address *address, struct cn_route *out, struct cn_error *e);

/* ---- nlmsg.c: reading and writing netlink messages ------------------------------- */

struct nlmsghdr;
struct nlattr;

/* attrs[type] = attribute or NULL, for types up to max. */
void cn_attrs_parse(const void *data, size_t len, const struct nlattr **attrs, unsigned int max);
const void *cn_attr_data(const struct nlattr *attr, size_t *len);
/* 0 when the attribute is missing or short. */
uint32_t cn_attr_u32(const struct nlattr *attr);
/* Appends to a message in a buffer of size bytes; -EMSGSIZE when full. */
int cn_attr_put(struct nlmsghdr *message, size_t size, uint16_t type, const void *data, size_t len);

/* ---- monitor.c: what changes in the kernel's tables ------------------------------- */

enum cn_event_kind { CN_LINK, CN_ADDRESS, CN_NEIGHBOUR, CN_ROUTE };

struct cn_event {
	enum cn_event_kind kind;
	bool deleted;
	int ifindex;
	uint32_t state;		      /* neighbours: NUD_* */
	char subject[CN_ADDRESS_LEN]; /* link name, address or prefix */
	char lladdr[3 * 32];	      /* neighbours; empty = none */
};

typedef void (*cn_event_fn)(void *arg, const struct cn_event *event);

int cn_monitor_open(struct cn_error *e);
/* Reads what is there, up to a bound; false when events were lost. */
bool cn_monitor_read(int fd, cn_event_fn on_event, void *arg);

/* ---- engine.c: many probes on one epoll descriptor -------------------------------- */

/*
 * An engine belongs to one thread. Its owner waits until cn_engine_fd() is
 * readable or cn_engine_timeout() is over, then calls cn_engine_run(), which
 * calls done for each probe that ended: err is 0 or a positive errno, micros
 * what it took. done may start new probes.
 */
struct cn_engine;

typedef void (*cn_done_fn)(void *arg, int err, const char *syscall, double micros);

struct cn_engine *cn_engine_new(struct cn_error *e);
int cn_engine_fd(const struct cn_engine *engine);
/* Milliseconds until the next deadline, -1 = none. */
int cn_engine_timeout(const struct cn_engine *engine);
/* Probes that have not ended. */
uint32_t cn_engine_pending(const struct cn_engine *engine);
void cn_engine_run(struct cn_engine *engine);
/* Ends all probes with ECANCELED. */
void cn_engine_free(struct cn_engine *engine);

/* probe.c and ping.c: negative = refused at once, done is not called. */
int cn_tcp_probe(struct cn_engine *engine, const struct cn_address *address, uint16_t port,
		 uint32_t timeout_ms, cn_done_fn done, void *arg, struct cn_error *e);
int cn_ping(struct cn_engine *engine, const struct cn_address *address, uint32_t timeout_ms,
	    cn_done_fn done, void *arg, struct cn_error *e);

/* ---- raw.c ------------------------------------------------------------------------- */

struct cn_packet {
	const void *data;
	size_t len;
};

/* Sends whole IP packets; returns how many the kernel took. */
int cn_send_raw(const struct cn_packet *packets, uint32_t count, struct cn_error *e);

#ifdef __cplusplus
}
#endif

#endif
