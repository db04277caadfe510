import CHDF5
import Foundation

/// A group of an HDF5 file opened for reading.
public struct HDF5Group: Sendable {
    /// A named entry of a group.
    public struct Member: Sendable, Equatable {
        /// What a name leads to.
        public enum Kind: Sendable, Equatable {
            case group
            case dataset
            /// A committed type.
            case type
            /// A link that is not followed, or an object that cannot be opened: what opening it throws.
            case refused(HDF5Error)
        }

        /// The name within the group.
        public let name: String
        /// What it leads to.
        public let kind: Kind
    }

    /// The file.
    public let file: HDF5File
    /// The path from the root, `/` for the root itself.
    public let path: String
    /// The address in the file, equal for two names of one group.
    let address: UInt64
    let handle: Handle

    /// Opens a group by its absolute path.
    init(opening path: String, of file: HDF5File) throws(HDF5Error) {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        let object = try OpenObject(path, of: file)
        guard object.type == H5O_TYPE_GROUP else {
            throw HDF5Error(.mismatch, "expected a group, found a dataset or type", path: file.path, object: path)
        }
        self.file = file
        self.path = path
        address = object.address
        handle = object.handle
    }

    /// The absolute path of a member.
    private func path(of name: String) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }

    /// The group called `name`, which may be a path below this one.
    ///
    /// - Throws: `notFound`; `mismatch` if it is no group; `unsupported` if the way leads out of the file.
    public func group(_ name: String) throws(HDF5Error) -> HDF5Group {
        try HDF5Group(opening: path(of: name), of: file)
    }

    /// The dataset called `name`, which may be a path below this one.
    ///
    /// - Throws: `notFound`; `mismatch` if it is no dataset; `unsupported` if the way leads out of the file or the
    ///   dataset is stored in a newer form.
    public func dataset(_ name: String) throws(HDF5Error) -> HDF5Dataset {
        try HDF5Dataset(opening: path(of: name), of: file)
    }

    /// The attribute called `name`; nil where there is none.
    ///
    /// - Throws: `unsupported` for types other than integers, floats and strings; `malformed` if it is damaged.
    public func attribute(_ name: String) throws(HDF5Error) -> HDF5Attribute? {
        try HDF5Attribute.read(name, of: handle, at: path, in: file)
    }

    /// The names of all attributes, in ascending order of their bytes.
    ///
    /// - Throws: `malformed` if they cannot be listed.
    public func attributeNames() throws(HDF5Error) -> [String] {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        var names: [String] = []
        let status = withUnsafeMutablePointer(to: &names) { names in
            H5Aiterate2(
                handle.id, H5_INDEX_NAME, H5_ITER_INC, nil,
                { _, name, _, context in
                    guard let name, let context else { return -1 }
                    context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
                    return 0
                }, names)
        }
        guard status >= 0 else {
            throw HDF5Error(
                HDF5Library.failureKind, "its attributes cannot be listed \(HDF5Library.damage())", path: file.path,
                object: path)
        }
        return names
    }

    /// The members in ascending order of the bytes of their names.
    ///
    /// Soft links are followed inside the file; a link out of it, or to nothing, is `refused`.
    public func members() throws(HDF5Error) -> [Member] {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        var links: [(name: String, type: H5L_type_t)] = []
        let status = withUnsafeMutablePointer(to: &links) { links in
            instar_h5_visit_links(
                handle.id,
                { name, type, context in
                    guard let name, let context else { return -1 }
                    context.assumingMemoryBound(to: [(name: String, type: H5L_type_t)].self).pointee
                        .append((String(cString: name), type))
                    return 0
                }, links)
        }
        guard status >= 0 else {
            throw HDF5Error(
                HDF5Library.failureKind, "its members cannot be listed \(HDF5Library.damage())", path: file.path,
                object: path
            )
        }
        var members: [Member] = []
        for link in links {
            members.append(Member(name: link.name, kind: kind(of: link.name, link.type)))
        }
        return members
    }

    /// The members that can be opened.
    ///
    /// Of an object that failed to open once, libhdf5 shows at the next try what it did read: a part. So damage must be an
    /// error the first time that it is met.
    ///
    /// - Throws: `malformed` where one of them is damaged, and as `members`.
    public func soundMembers() throws(HDF5Error) -> [Member] {
        var sound: [Member] = []
        for member in try members() {
            if case .refused(let error) = member.kind {
                if error.kind == .malformed { throw error }
            } else {
                sound.append(member)
            }
        }
        return sound
    }

    private func kind(of name: String, _ link: H5L_type_t) -> Member.Kind {
        guard link == H5L_TYPE_HARD || link == H5L_TYPE_SOFT else {
            return .refused(OpenObject.outside(path(of: name), of: file))
        }
        do throws(HDF5Error) {
            return switch try OpenObject(path(of: name), of: file).type {
            case H5O_TYPE_GROUP: .group
            case H5O_TYPE_DATASET: .dataset
            default: .type
            }
        } catch {
            guard error.kind == .notFound else { return .refused(error) }
            return .refused(
                HDF5Error(
                    .malformed, "is a link to nothing; remove it, or save the file again", path: file.path,
                    object: path(of: name)))
        }
    }

    /// Calls `body` with the path below this group, as its parts, of every dataset below it.
    ///
    /// Groups are descended into in the order of `members`, except those for which `descends` is false, given the
    /// path so far. A group that contains itself through links is entered once.
    ///
    /// - Throws: The error of a refused member; `malformed` if groups nest more than 100 deep or hold more than a
    ///   million datasets; what `body` throws.
    public func forEachDataset(
        descends: ([String]) -> Bool = { _ in true }, _ body: ([String]) throws(HDF5Error) -> Void
    ) throws(HDF5Error) {
        try forEachDataset(atMost: 1_000_000, descends: descends, body)
    }

    /// The same with another limit of how many datasets there may be.
    func forEachDataset(
        atMost limit: Int, descends: ([String]) -> Bool = { _ in true }, _ body: ([String]) throws(HDF5Error) -> Void
    ) throws(HDF5Error) {
        var count = 0
        try forEachDataset(below: [], ancestors: [address], count: &count, atMost: limit, descends, body)
    }

    private func forEachDataset(
        below parts: [String], ancestors: [UInt64], count: inout Int, atMost limit: Int,
        _ descends: ([String]) -> Bool, _ body: ([String]) throws(HDF5Error) -> Void
    ) throws(HDF5Error) {
        guard parts.count < 100 else {
            throw HDF5Error(
                .malformed, "groups nest more than 100 deep, which no checkpoint's do; save the file again",
                path: file.path, object: path)
        }
        for member in try members() {
            let memberParts = parts + [member.name]
            switch member.kind {
            case .dataset:
                count += 1
                guard count <= limit else {
                    throw HDF5Error(
                        .malformed, "holds more than \(limit) datasets, the most that is read; save fewer",
                        path: file.path, object: path)
                }
                try body(memberParts)
            case .group where descends(memberParts):
                let child = try group(member.name)
                if !ancestors.contains(child.address) {
                    try child.forEachDataset(
                        below: memberParts, ancestors: ancestors + [child.address], count: &count, atMost: limit,
                        descends, body)
                }
            case .refused(let error): throw error
            case .group, .type:
                break
            }
        }
    }
}

/// An object opened by its path, whatever it is. The library must be entered.
struct OpenObject {
    let handle: Handle
    let type: H5O_type_t
    let address: UInt64

    init(_ path: String, of file: HDF5File) throws(HDF5Error) {
        HDF5Library.observer?(path)
        guard let access = Handle(H5Pcreate(instar_h5_link_access()), { H5Pclose($0) }) else {
            throw HDF5Error(.io, "libhdf5 has no memory left (\(HDF5Library.lastMessage()))", path: file.path)
        }
        // Called before an external link is followed, wherever on the way it stands: refuses.
        H5Pset_elink_cb(access.id, { _, _, _, _, _, _, _ in -1 }, nil)
        guard let handle = Handle(H5Oopen(file.handle.id, path, access.id), { H5Oclose($0) }) else {
            throw OpenObject.error(path, of: file)
        }
        var type = H5O_TYPE_UNKNOWN
        var address: haddr_t = 0
        guard instar_h5_object(handle.id, &type, &address) >= 0 else {
            throw HDF5Error(
                HDF5Library.failureKind, "is damaged \(HDF5Library.damage())", path: file.path, object: path)
        }
        self.handle = handle
        self.type = type
        self.address = UInt64(address)
    }

    /// The error for an object that an external link leads to.
    static func outside(_ path: String, of file: HDF5File) -> HDF5Error {
        HDF5Error(
            .unsupported, "lies behind an external link; copy what it points to into the file (`h5copy`, or h5py)",
            path: file.path, object: path)
    }

    private static func error(_ path: String, of file: HDF5File) -> HDF5Error {
        let messages = HDF5Library.messages()
        func says(_ text: String) -> Bool { messages.contains { $0.contains(text) } }
        let isDamaged = ["protect", "load", "deserialize"].contains { says("unable to \($0)") }
        if !isDamaged, says("doesn't exist") || says("component not found") {
            return HDF5Error(.notFound, "is not in the file", path: file.path, object: path)
        }
        if says("traversal operator failed") {
            return outside(path, of: file)
        }
        if says("too many links") {
            return HDF5Error(.malformed, "is a chain of links without end; remove them", path: file.path, object: path)
        }
        if says("bad version number") || says("unknown datatype class") || says("unknown class") {
            return HDF5Error(
                .unsupported, "\(HDF5File.newerFormat) (\(messages.first ?? ""))", path: file.path, object: path)
        }
        return HDF5Error(
            HDF5Library.failureKind, "is damaged \(HDF5Library.damage())", path: file.path, object: path)
    }
}
