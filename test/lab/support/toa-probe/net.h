/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOA_PROBE_NET_H
#define TOA_PROBE_NET_H

/* Packets without a link header, in and out. */
extern int tun_fd;

#endif
