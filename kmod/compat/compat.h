/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Force-included before every source file. HAVE_* come from compat/configure, which
 * asks the kernel's headers; each names the release that changed the interface.
 */
#ifndef TOA_COMPAT_H
#define TOA_COMPAT_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/seq_file_net.h>
#include <linux/spinlock.h>

#include "build/config.h"

/* ---- names that came later than 2.6.32 ---- */

#ifndef READ_ONCE /* 3.19 */
#define READ_ONCE(x) (*(volatile typeof(x) *)&(x))
#endif
#ifndef __rcu /* 2.6.37 */
#define __rcu
#endif
#ifndef __percpu /* 2.6.33 */
#define __percpu
#endif
#ifndef rcu_dereference_protected /* 2.6.34 */
#define rcu_dereference_protected(p, c) (p)
#endif
#ifndef rcu_access_pointer /* 2.6.34 */
#define rcu_access_pointer(p) READ_ONCE(p)
#endif
#ifndef RCU_INIT_POINTER /* 3.0 */
#define RCU_INIT_POINTER(p, v) ((p) = (v))
#endif
#ifndef this_cpu_inc /* 2.6.33 */
#define this_cpu_inc(x)                                     \
	do {                                                \
		unsigned long irq_flags_;                   \
		local_irq_save(irq_flags_);                 \
		(*per_cpu_ptr(&(x), smp_processor_id()))++; \
		local_irq_restore(irq_flags_);              \
	} while (0)
#endif
#ifndef raw_spin_lock_init /* 2.6.33 */
#define raw_spinlock_t		   spinlock_t
#define raw_spin_lock_init	   spin_lock_init
#define raw_spin_lock_irqsave	   spin_lock_irqsave
#define raw_spin_unlock_irqrestore spin_unlock_irqrestore
#endif

/* ---- module parameters: const since 2.6.36 ---- */

#ifdef HAVE_CONST_KERNEL_PARAM
typedef const struct kernel_param toa_param_t;
#else
typedef struct kernel_param toa_param_t;
#endif

/* ---- pernet ids: unsigned since 4.10 ---- */

#ifdef HAVE_UNSIGNED_NET_ID
typedef unsigned int toa_net_id_t;
#else
typedef int toa_net_id_t;
#endif

/* ---- getname(sock, address, [int *length,] peer): no length since 4.17 ---- */

#if defined(HAVE_GETNAME_RETURNS_LENGTH)
#define TOA_GETNAME_PEER 2
#elif defined(HAVE_GETNAME_LENGTH_POINTER)
#define TOA_GETNAME_PEER 3
#else
#error "inet_getname has changed: add a probe to compat/probes"
#endif

/* ---- a probed function's arguments ---- */

static inline unsigned long toa_argument(struct pt_regs *regs, unsigned int n)
{
#ifdef HAVE_REGS_GET_KERNEL_ARGUMENT /* x86: 4.20, arm64: 5.2 */
	return regs_get_kernel_argument(regs, n);
#elif defined(CONFIG_X86_64)
	return n == 0 ? regs->di : n == 1 ? regs->si : n == 2 ? regs->dx : regs->cx;
#elif defined(CONFIG_ARM64)
	return regs->regs[n];
#else
#error "toa.ko knows the calling conventions of x86-64 and arm64"
#endif
}

/* ---- ftrace with arguments: x86-64 since 3.7, arm64 since 6.2 ---- */

#ifdef HAVE_FTRACE_PERMANENT /* 5.6 */
#define TOA_FTRACE_PERMANENT FTRACE_OPS_FL_PERMANENT
#else
#define TOA_FTRACE_PERMANENT 0
#endif

#if defined(TOA_KPROBES) /* make KPROBES=1: as on kernels without */
#elif defined(HAVE_FTRACE_REGS_GET_ARGUMENT) && defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) /* 6.2 */
#define TOA_FTRACE
#define TOA_FTRACE_FLAGS	     0
typedef struct ftrace_regs toa_ftrace_regs_t;
#define toa_ftrace_argument(regs, n) ftrace_regs_get_argument(regs, n)
#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS) && defined(HAVE_FTRACE_REGS) /* 5.11 */
#define TOA_FTRACE
#define TOA_FTRACE_FLAGS	     FTRACE_OPS_FL_SAVE_REGS
typedef struct ftrace_regs toa_ftrace_regs_t;
#define toa_ftrace_argument(regs, n) toa_argument(ftrace_get_regs(regs), n)
#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS) && defined(HAVE_FTRACE_PT_REGS) /* 3.7 */
#define TOA_FTRACE
#define TOA_FTRACE_FLAGS	     FTRACE_OPS_FL_SAVE_REGS
typedef struct pt_regs toa_ftrace_regs_t;
#define toa_ftrace_argument(regs, n) toa_argument(regs, n)
#endif

#ifdef TOA_FTRACE
#define TOA_HOOK_NAME "ftrace"
#else
#define TOA_HOOK_NAME "kprobe"
#endif

/* ---- a /proc/net file of each namespace ---- */

#ifdef HAVE_PROC_CREATE_NET_SINGLE /* 4.18 */
#define TOA_PROC_FILE(name, show) static int (*const name)(struct seq_file *, void *) = (show);
#define toa_proc_create(net, file, ops) \
	proc_create_net_single(file, 0444, (net)->proc_net, *(ops), NULL)
#define toa_seq_net(seq) seq_file_single_net(seq)
#else
#define TOA_PROC_FILE(name, show)                                      \
	static int name##_open(struct inode *inode, struct file *file) \
	{                                                              \
		return single_open_net(inode, file, show);             \
	}                                                              \
	static const struct file_operations name = {                   \
		.owner = THIS_MODULE,                                  \
		.open = name##_open,                                   \
		.read = seq_read,                                      \
		.llseek = seq_lseek,                                   \
		.release = single_release_net,                         \
	};
#define toa_proc_create(net, file, ops) proc_create(file, 0444, (net)->proc_net, ops)
#define toa_seq_net(seq)		((struct net *)(seq)->private)
#endif

#endif
