// System calls of Linux that Swift cannot make: `syscall` takes a variable number of arguments, and glibc 2.36 has no
// function for Landlock. Numbers and layouts are those of the kernel's user interface, stated here because its headers
// may be older than the kernel that the program runs on.
#ifndef INSTAR_CLINUX_SHIM_H
#define INSTAR_CLINUX_SHIM_H

#include <stdint.h>
#include <stddef.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

extern int prctl(int option, ...);
// Hidden from Swift by its own selection of glibc's features.
static inline int instar_close_from(posix_spawn_file_actions_t *actions, int descriptor) {
    extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
    return posix_spawn_file_actions_addclosefrom_np(actions, descriptor);
}

// A file in memory alone, closed when another program is executed; -1 where the kernel refuses.
static inline int instar_memory_file(const char *name) {
    return (int)syscall(SYS_memfd_create, name, 1u /* MFD_CLOEXEC */);
}

// Landlock (linux/landlock.h). Forbids this process and its children, for good, to write, make, remove, rename or
// execute files, to use TCP where the kernel knows how to forbid that (version 4), and to signal others (version 6).
// Returns the version of Landlock that was used, 0 where the kernel has none, -1 where it refused.
static inline int instar_forbid_writing(void) {
    enum { create_ruleset = 444, restrict_self = 446 };
    struct {
        uint64_t files, network, scopes;
    } rules = {0, 0, 0};
    long version = syscall(create_ruleset, NULL, 0, 1u /* LANDLOCK_CREATE_RULESET_VERSION */);
    if (version < 1) return 0;
    // Bits 2 and 3 are reading files and listing folders, which stay allowed; all others are handled and never granted.
    int rights = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
    rules.files = (((uint64_t)1 << rights) - 1) & ~(uint64_t)0xC;
    if (version >= 4) rules.network = 3;
    if (version >= 6) rules.scopes = 3;
    size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    // PR_SET_NO_NEW_PRIVS: no program executed later can gain rights.
    if (prctl(38, 1L, 0L, 0L, 0L) != 0) return -1;
    int ruleset = (int)syscall(create_ruleset, &rules, size, 0u);
    if (ruleset < 0) return -1;
    long status = syscall(restrict_self, ruleset, 0u);
    close(ruleset);
    return status == 0 ? (int)version : -1;
}

#endif
