import CKernels

/// Gives the system back what was freed. Without, every thread keeps what it freed for itself, beyond what was planned.
package func returnFreedMemory() { instar_return_freed_pages() }
