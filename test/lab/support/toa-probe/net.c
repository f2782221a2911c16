// SPDX-License-Identifier: Apache-2.0
/* The namespace, its tun device, addresses as text. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"
#include "probe.h"

int tun_fd = -1;
static int outside_fd = -1;

/* linux/ipv6.h clashes with netinet/in.h. */
struct in6_request {
	struct in6_addr address;
	uint32_t prefix_length;
	int index;
};

static void interface_up(int fd, const char *name)
{
	struct ifreq request = {};

	strcpy(request.ifr_name, name);
	if (ioctl(fd, SIOCGIFFLAGS, &request))
		fail_errno("%s: flags", name);
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		fail_errno("%s: up", name);
}

static void set_address4(int fd, const char *name, unsigned long what, const char *text)
{
	struct ifreq request = {};
	struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;

	strcpy(request.ifr_name, name);
	in->sin_family = AF_INET;
	inet_pton(AF_INET, text, &in->sin_addr);
	if (ioctl(fd, what, &request))
		fail_errno("%s: address %s", name, text);
}

static void set_address6(const char *name, const char *text)
{
	struct in6_request request = {.prefix_length = 64, .index = if_nametoindex(name)};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	inet_pton(AF_INET6, text, &request.address);
	if (fd < 0 || ioctl(fd, SIOCSIFADDR, &request))
		fail_errno("%s: address %s", name, text);
	close(fd);
}

static void open_tun(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	mkdir("/dev/net", 0755);
	mknod("/dev/net/tun", S_IFCHR | 0600, makedev(10, 200));
	strcpy(request.ifr_name, name);
	tun_fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun_fd < 0 || ioctl(tun_fd, TUNSETIFF, &request))
		fail_errno("cannot make a tun device (is the tun module there?)");
}

void sysctl_set(const char *name, const char *value)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fail_errno("%s = %s", path, value);
	close(fd);
}

void net_setup(void)
{
	int fd;

	outside_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (outside_fd < 0 || unshare(CLONE_NEWNET))
		fail_errno("cannot make a network namespace");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	open_tun("probe0");
	sysctl_set("ipv6/conf/default/accept_dad", "0");
	sysctl_set("ipv6/conf/probe0/accept_dad", "0");
	sysctl_set("ipv4/conf/all/rp_filter", "0");
	sysctl_set("ipv4/conf/probe0/rp_filter", "0");
	interface_up(fd, "lo");
	interface_up(fd, "probe0");
	set_address4(fd, "probe0", SIOCSIFADDR, SERVER4);
	set_address4(fd, "probe0", SIOCSIFNETMASK, "255.255.0.0");
	set_address6("probe0", SERVER6);
	close(fd);
}

int run_outside(char *const argv[], char *output, size_t size)
{
	size_t used = 0;
	ssize_t got = 0;
	int pipes[2], status;
	pid_t pid;

	if (pipe(pipes))
		fail_errno("pipe");
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		if (outside_fd >= 0 && setns(outside_fd, CLONE_NEWNET))
			_exit(126);
		execv(argv[0], argv);
		dprintf(STDERR_FILENO, "cannot run %s", argv[0]);
		_exit(127);
	}
	close(pipes[1]);
	while (used < size - 1 && (got = read(pipes[0], output + used, size - 1 - used)) > 0)
		used += got;
	output[used] = '\0';
	close(pipes[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		fail_errno("cannot run %s", argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

struct in6_addr address(const char *text)
{
	struct in6_addr value = {};

	if (inet_pton(AF_INET, text, &value.s6_addr[12]) == 1)
		value.s6_addr[10] = value.s6_addr[11] = 0xff;
	else if (inet_pton(AF_INET6, text, &value) != 1)
		fail("'%s' is no address", text);
	return value;
}

const char *address_text(const struct in6_addr *value)
{
	static char text[4][INET6_ADDRSTRLEN];
	static int next;

	next = (next + 1) % 4;
	inet_ntop(AF_INET6, value, text[next], sizeof(text[next]));
	return text[next];
}
