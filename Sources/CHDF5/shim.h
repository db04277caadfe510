// What Swift cannot import of libhdf5: its constants are macros that cast, or that first initialise
// the library and then read a global; its versioned functions are macros too. Each shim names one.
#ifndef INSTAR_CHDF5_SHIM_H
#define INSTAR_CHDF5_SHIM_H

// Object addresses and link iteration kept the form that 1.10 gave them; newer libraries offer it on request.
#define H5_USE_110_API 1
#include <hdf5.h>
#include <hdf5_hl.h>

// H5P_DEFAULT, H5S_ALL and H5E_DEFAULT are macros that cast 0.
static inline hid_t instar_h5_default(void) { return H5P_DEFAULT; }
// H5F_ACC_RDONLY and H5F_ACC_TRUNC are macros that initialise the library.
static inline unsigned instar_h5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned instar_h5_truncate(void) { return H5F_ACC_TRUNC; }
// HADDR_UNDEF is a macro that casts.
static inline haddr_t instar_h5_no_address(void) { return HADDR_UNDEF; }
// H5T_VARIABLE is a macro that casts.
static inline size_t instar_h5_variable_length(void) { return H5T_VARIABLE; }

// Classes of property lists: macros over run-time globals.
static inline hid_t instar_h5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t instar_h5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t instar_h5_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t instar_h5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t instar_h5_link_access(void) { return H5P_LINK_ACCESS; }

// Types that are written, and their counterparts in memory: macros over run-time globals.
static inline hid_t instar_h5_stored_float(void) { return H5T_IEEE_F32LE; }
static inline hid_t instar_h5_stored_double(void) { return H5T_IEEE_F64LE; }
static inline hid_t instar_h5_stored_int64(void) { return H5T_STD_I64LE; }
static inline hid_t instar_h5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t instar_h5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t instar_h5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t instar_h5_c_string(void) { return H5T_C_S1; }
// The type of a reference to an object: a macro over a run-time global.
static inline hid_t instar_h5_object_reference(void) { return H5T_STD_REF_OBJ; }

// H5Oget_info is a macro over several versions. Gives an open object's type and its address in the file.
static inline herr_t instar_h5_object(hid_t object, H5O_type_t *type, haddr_t *address) {
    H5O_info_t info;
    herr_t status = H5Oget_info(object, &info);
    if (status >= 0) {
        *type = info.type;
        *address = info.addr;
    }
    return status;
}

// H5Literate is a macro over several versions, and its callback's parameter changed between them.
typedef herr_t (*instar_h5_link_visitor)(const char *name, H5L_type_t type, void *context);
struct instar_h5_link_visit {
    instar_h5_link_visitor visitor;
    void *context;
};
static inline herr_t instar_h5_visit_link(hid_t group, const char *name, const H5L_info_t *info, void *data) {
    (void)group;
    struct instar_h5_link_visit *visit = (struct instar_h5_link_visit *)data;
    return visit->visitor(name, info->type, visit->context);
}
static inline herr_t instar_h5_visit_links(hid_t group, instar_h5_link_visitor visitor, void *context) {
    struct instar_h5_link_visit visit = {visitor, context};
    return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, instar_h5_visit_link, &visit);
}

#endif
