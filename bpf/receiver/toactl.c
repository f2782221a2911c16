// SPDX-License-Identifier: GPL-2.0
/* toactl: loads and watches ClearNAT's receiver on a backend. Arguments only. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toactl.h"

static const char help[] =
	"Usage: toactl VERB [OPTION]...\n"
	"Shows this host's applications the client addresses that a ClearNAT gateway sends.\n"
	"\n"
	"Verbs:\n"
	"  load            load the receiver, or replace the loaded one without a gap\n"
	"    --trust CIDR    believe options in packets from these addresses (repeated)\n"
	"    --trust-any     believe every source (any client could forge its address)\n"
	"    --kind N        look for this option kind only: 254, 200, 253 or 28 (repeated;\n"
	"                    default: all of them)\n"
	"    --cgroup PATH   serve only the processes of this cgroup (default: all)\n"
	"  unload          remove the receiver; connections go on\n"
	"  status          show what is loaded, and its counters (exit status 1: nothing is)\n"
	"  trust list      print the trust list\n"
	"  trust add CIDR...      change the trust list at once, until the next load\n"
	"  trust remove CIDR...\n"
	"\n"
	"Options of all verbs:\n"
	"  --pin DIR       where the kernel keeps it (default: " DEFAULT_PIN_DIR ")\n"
	"  -o, --output table|json   for status and trust list\n"
	"  -h, --help, --version\n"
	"\n"
	"Examples:\n"
	"  toactl load --trust 10.0.1.240/28 --trust 2001:db8:1::f0/124\n"
	"  toactl status -o json\n"
	"  toactl trust add 10.0.9.0/24\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong arguments.\n";

int failed(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("toactl: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return EXIT_FAILED;
}

int usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("toactl: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\nTry `toactl --help`.\n", stderr);
	va_end(args);
	return EXIT_USAGE;
}

int failed_errno(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("toactl: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s", strerror(error));
	if (error == EPERM || error == EACCES)
		fputs(" (run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN)", stderr);
	fputc('\n', stderr);
	va_end(args);
	return EXIT_FAILED;
}

/* What the command line said. */
struct arguments {
	struct load_options load;
	const char *pin;
	bool json;
	bool load_only; /* an option that only load takes was there */
	int kinds;
	char **operands;
	int operand_count;
};

enum option_id { OPT_TRUST = 256, OPT_TRUST_ANY, OPT_KIND, OPT_CGROUP, OPT_PIN, OPT_VERSION };

static const struct option long_options[] = {
	{"trust", required_argument, NULL, OPT_TRUST},
	{"trust-any", no_argument, NULL, OPT_TRUST_ANY},
	{"kind", required_argument, NULL, OPT_KIND},
	{"cgroup", required_argument, NULL, OPT_CGROUP},
	{"pin", required_argument, NULL, OPT_PIN},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPT_VERSION},
	{},
};

static const __u8 DEFAULT_KINDS[] = {254, 200, 253, 28};

static int add_trust(struct arguments *arguments, const char *text)
{
	struct load_options *load = &arguments->load;
	char why[160];

	load->trust = realloc(load->trust, (load->trust_count + 1) * sizeof(*load->trust));
	if (!load->trust)
		return failed("out of memory");
	if (cidr_parse(text, &load->trust[load->trust_count], why, sizeof(why)))
		return usage_error("--trust: %s, got '%s'", why, text);
	load->trust_count++;
	return 0;
}

static int add_kind(struct arguments *arguments, const char *text)
{
	char *end;
	long kind = strtol(text, &end, 10);

	for (size_t i = 0; i < sizeof(DEFAULT_KINDS); i++)
		if (*text && !*end && kind == DEFAULT_KINDS[i]) {
			if (memchr(arguments->load.kinds, kind, arguments->kinds))
				return 0;
			arguments->load.kinds[arguments->kinds++] = kind;
			return 0;
		}
	return usage_error("--kind: expected 254, 200, 253 or 28, got '%s'", text);
}

static int set_output(struct arguments *arguments, const char *text)
{
	if (strcmp(text, "json") && strcmp(text, "table"))
		return usage_error("--output: expected table or json, got '%s'", text);
	arguments->json = !strcmp(text, "json");
	return 0;
}

static int take_option(struct arguments *arguments, int id, const char *value)
{
	if (id >= OPT_TRUST && id <= OPT_CGROUP)
		arguments->load_only = true;
	switch (id) {
	case OPT_TRUST:
		return add_trust(arguments, value);
	case OPT_TRUST_ANY:
		arguments->load.trust_any = true;
		return 0;
	case OPT_KIND:
		return add_kind(arguments, value);
	case OPT_CGROUP:
		arguments->load.cgroup = value;
		return 0;
	case OPT_PIN:
		arguments->pin = value;
		return 0;
	case 'o':
		return set_output(arguments, value);
	case 'h':
		fputs(help, stdout);
		exit(EXIT_OK);
	case OPT_VERSION:
		puts("toactl " CLEARNAT_VERSION);
		exit(EXIT_OK);
	default: /* getopt has said what is wrong */
		fputs("Try `toactl --help`.\n", stderr);
		return EXIT_USAGE;
	}
}

static int parse(struct arguments *arguments, int argc, char **argv)
{
	int id, status = 0;

	while (!status && (id = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1)
		status = take_option(arguments, id, optarg);
	arguments->operands = argv + optind;
	arguments->operand_count = argc - optind;
	return status;
}

static int verb_load(struct arguments *arguments)
{
	struct load_options *load = &arguments->load;

	if (!load->trust_any && !load->trust_count)
		return usage_error("load: say whose options to believe: --trust CIDR (repeated), "
				   "or --trust-any");
	if (load->trust_any && load->trust_count)
		return usage_error("load: --trust and --trust-any exclude each other");
	if (!arguments->kinds)
		memcpy(load->kinds, DEFAULT_KINDS, sizeof(DEFAULT_KINDS));
	load->pin = arguments->pin;
	return receiver_load(load);
}

static int verb_trust(struct arguments *arguments)
{
	const char *what = arguments->operand_count > 1 ? arguments->operands[1] : "";
	char **cidrs = arguments->operands + 2;
	int count = arguments->operand_count - 2;

	if (!strcmp(what, "list") && count == 0)
		return trust_list(arguments->pin, arguments->json);
	if (!strcmp(what, "add") && count > 0)
		return trust_change(arguments->pin, true, cidrs, count);
	if (!strcmp(what, "remove") && count > 0)
		return trust_change(arguments->pin, false, cidrs, count);
	return usage_error("trust: expected list, add CIDR... or remove CIDR..., got '%s'", what);
}

static int run(struct arguments *arguments)
{
	const char *verb = arguments->operand_count ? arguments->operands[0] : "";
	int extra = arguments->operand_count - 1;

	if (arguments->load_only && strcmp(verb, "load"))
		return usage_error("'%s' takes no --trust, --trust-any, --kind or --cgroup", verb);
	if (!strcmp(verb, "trust"))
		return verb_trust(arguments);
	if (extra > 0)
		return usage_error("%s: unexpected argument '%s'", verb, arguments->operands[1]);
	if (!strcmp(verb, "load"))
		return verb_load(arguments);
	if (!strcmp(verb, "unload"))
		return receiver_unload(arguments->pin);
	if (!strcmp(verb, "status"))
		return receiver_status(arguments->pin, arguments->json);
	return usage_error("expected load, unload, status or trust, got '%s'", verb);
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.pin = DEFAULT_PIN_DIR};
	int status = parse(&arguments, argc, argv);

	if (!status)
		status = run(&arguments);
	free(arguments.load.trust);
	return status;
}
