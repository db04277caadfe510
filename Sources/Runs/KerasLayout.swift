import HDF5

/// What Keras's HDF5 files say beside the paths of their datasets.
///
/// Keras 3's `.weights.h5` has numbers where the weights' names belong (`layers/dense/vars/0`), and a counter of the
/// optimizer. Files of the older form, at the root or under `model_weights`, list their layers in the attribute
/// `layer_names` and the weights of each in `weight_names` (tf-keras 2.17 and Keras 3.15, `legacy_h5_format.py`).
enum KerasLayout {
    /// The names that `weight_names` give, by the datasets' paths, with dots and without the `:0` of TensorFlow.
    ///
    /// Empty for files of other producers.
    ///
    /// - Throws: What reading the attributes throws; `malformed` if a listed layer or weight is not there.
    static func names(in root: HDF5Group) throws(HDF5Error) -> [[String]: String] {
        var names: [[String]: String] = [:]
        let members = try root.members()
        for prefix in [[], ["model_weights"]] {
            if let part = prefix.first, !members.contains(where: { $0.name == part && $0.kind == .group }) { continue }
            let group = try prefix.first.map { name throws(HDF5Error) in try root.group(name) } ?? root
            guard var layers = try list("layer_names", of: group) else { continue }
            let topLevel = "top_level_model_weights"
            if try group.members().contains(where: { $0.name == topLevel && $0.kind == .group }) {
                layers.append(topLevel)
            }
            for layer in layers {
                let path = layer.split(separator: "/").map(String.init)
                let layerGroup = try listed(layer, in: group) { name throws(HDF5Error) in try group.group(name) }
                for weight in try list("weight_names", of: layerGroup) ?? [] {
                    _ = try listed(weight, in: layerGroup) { name throws(HDF5Error) in try layerGroup.dataset(name) }
                    names[prefix + path + weight.split(separator: "/").map(String.init)] = name(of: weight)
                }
            }
        }
        return names
    }

    /// The optimizer's counter of steps; nil where there is none.
    ///
    /// - Parameter members: The members of the root.
    static func iteration(in root: HDF5Group, _ members: [HDF5Group.Member]) throws(HDF5Error) -> Int? {
        for optimizer in members where optimizer.kind == .group {
            switch optimizer.name {
            case "optimizer":
                let group = try root.group(optimizer.name)
                guard try group.members().contains(where: { $0.name == "vars" && $0.kind == .group }) else { continue }
                let vars = try group.group("vars")
                guard try vars.members().contains(where: { $0.name == "0" && $0.kind == .dataset }) else { continue }
                return try vars.dataset("0").singleInteger()
            case "optimizer_weights":
                let group = try root.group(optimizer.name)
                let counter = try list("weight_names", of: group)?.first {
                    ["iter", "iteration"].contains(name(of: $0).split(separator: ".").last)
                }
                guard let counter else { continue }
                return try listed(counter, in: group) { name throws(HDF5Error) in try group.dataset(name) }
                    .singleInteger()
            default: continue
            }
        }
        return nil
    }

    private static func name(of weight: String) -> String {
        let plain = weight.hasSuffix(":0") ? String(weight.dropLast(2)) : weight
        return plain.replacing("/", with: ".")
    }

    /// The texts of an attribute, which Keras splits into `name0`, `name1` and so on where they are many.
    private static func list(_ name: String, of group: HDF5Group) throws(HDF5Error) -> [String]? {
        if let texts = try texts(name, of: group) { return texts }
        var joined: [String]?
        var number = 0
        while let texts = try texts("\(name)\(number)", of: group) {
            joined = (joined ?? []) + texts
            number += 1
        }
        return joined
    }

    private static func texts(_ name: String, of group: HDF5Group) throws(HDF5Error) -> [String]? {
        do throws(HDF5Error) {
            switch try group.attribute(name) {
            case .texts(let texts)?: return texts
            case .text(let text)?: return [text]
            default: return nil
            }
        } catch {
            // h5py stores an empty list as an empty array of floats.
            guard error.kind == .unsupported else { throw error }
            return []
        }
    }

    /// Opens what a list names.
    private static func listed<Object>(
        _ name: String, in group: HDF5Group, _ open: (String) throws(HDF5Error) -> Object
    ) throws(HDF5Error) -> Object {
        do throws(HDF5Error) { return try open(name) } catch {
            guard error.kind == .notFound else { throw error }
            throw HDF5Error(
                .malformed, "is listed among Keras's weights, and is not there; save the file again",
                path: group.file.path, object: error.object)
        }
    }
}
