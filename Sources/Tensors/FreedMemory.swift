import CKernels

/// Gives the system back what was freed. Without, the allocator keeps it in arenas of several threads, beyond what was planned.
package func returnFreedMemory() { instar_return_freed_pages() }
