// SPDX-License-Identifier: Apache-2.0
/* Loaded programs: what the kernel knows about one, and running one. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clearnat.h"

/* Libc headers may be older than the field (Linux 5.16). */
#define INFO_VERIFIED_INSNS_OFFSET 216
#define INFO_SIZE		   232

int cn_prog_get_info(int fd, struct cn_prog_info *out, struct cn_error *e)
{
	union {
		struct bpf_prog_info info;
		uint8_t bytes[INFO_SIZE];
	} u = {0};
	uint32_t len = sizeof(u);
	int err = bpf_obj_get_info_by_fd(fd, &u, &len);

	if (err)
		return cn_fail(e, err, "BPF_OBJ_GET_INFO_BY_FD", "program");
	*out = (struct cn_prog_info){
		.id = u.info.id,
		.type = u.info.type,
		.jited_size = u.info.jited_prog_len,
		.xlated_size = u.info.xlated_prog_len,
		.load_time = u.info.load_time,
	};
	if (len >= INFO_VERIFIED_INSNS_OFFSET + sizeof(out->verified_insns))
		memcpy(&out->verified_insns, u.bytes + INFO_VERIFIED_INSNS_OFFSET,
		       sizeof(out->verified_insns));
	memcpy(out->tag, u.info.tag, sizeof(out->tag));
	snprintf(out->name, sizeof(out->name), "%s", u.info.name);
	return 0;
}

int cn_prog_test_run(int fd, struct cn_test_run *run, struct cn_error *e)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->data, .data_size_in = run->data_size,
		    .data_out = run->out_size ? run->out : NULL, .data_size_out = run->out_size,
		    .ctx_in = run->ctx, .ctx_size_in = run->ctx_size, .repeat = (int)run->repeat);
	int err = bpf_prog_test_run_opts(fd, &opts);

	if (err)
		return cn_fail(e, err, "BPF_PROG_TEST_RUN", "%u bytes in, room for %u, %u out",
			       run->data_size, run->out_size, opts.data_size_out);
	run->out_size = opts.data_size_out;
	run->retval = opts.retval;
	run->duration = opts.duration;
	return 0;
}
