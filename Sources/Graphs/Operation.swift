import Tensors

/// What is known about a value before anything is evaluated.
struct ValueDescription: Sendable {
    /// What the value holds where that is known while the plan is made.
    enum Contents: Sendable {
        /// The same numbers at every evaluation.
        case constant(Tensor)
        /// Whole numbers that depend on the batch, row-major: the shape arithmetic of a graph.
        case symbolic([Dimension])
    }

    /// The declared type. Floating-point values are held as the plan's scalar, all others as Int64 (bool as 0 and 1).
    var elementType: ElementType
    /// The extents.
    var shape: [Dimension]
    /// The elements where they are known; nil for parameters, data and all that depends on them.
    var contents: Contents?

    init(_ elementType: ElementType, _ shape: [Dimension], contents: Contents? = nil) {
        self.elementType = elementType
        self.shape = shape
        self.contents = contents
    }

    /// Whether the value is held as the plan's scalar, else as Int64.
    var isFloat: Bool { elementType.isFloatingPoint }
}

/// One operator at one node: shape rule, evaluation and gradient.
///
/// The initializer is handed the node with what is known about its inputs; it reads the attributes, refuses
/// what it does not implement, and infers `outputs`. An operation is immutable; everything that changes during an
/// evaluation is reached through the `Frame`.
protocol Operation: Sendable {
    /// The versions of the default operator set whose semantics the type implements.
    static var opsets: ClosedRange<Int> { get }

    /// The most elements, of all that it reads, writes and needs in between, with which the operation is computed while a
    /// plan is made: little where its work is not in proportion to them.
    static var foldingLimit: Int { get }

    /// Whether output 0 may be absent.
    static var mayLackFirstOutput: Bool { get }

    /// Checks the node and infers its outputs.
    ///
    /// - Throws: `unsupported` for attributes, types or versions not implemented, `mismatch` for inputs that do not
    ///   fit together, `malformed` for nodes that break the specification.
    init(_ context: NodeContext) throws(GraphError)

    /// Types and extents of the outputs, in the node's order.
    var outputs: [ValueDescription] { get }

    /// Whether output 0 is input 0 under another shape: both then share storage and gradient, and neither
    /// `forward` nor `backward` is called.
    var isView: Bool { get }

    /// What `backward` reads besides the gradients; everything else may be overwritten before it is called.
    var needs: BackwardNeeds { get }

    /// The number of scalars that `forward` leaves in `Frame.saved` for `backward`.
    var savedCount: Dimension { get }

    /// The number of scalars `forward` or `backward` wants in `Frame.scratch`, unspecified on entry.
    var scratchCount: Dimension { get }

    /// For each input, whether `backward` overwrites the gradient where `Frame.assigns` says that nothing was added yet;
    /// others, and those beyond the list's end, start at zero.
    var assignedGradients: [Bool] { get }

    /// The inputs whose gradient is that of output 0 as it stands, which they may share; where one does,
    /// `Frame.inputGradient` is nil.
    var passedGradients: [Int] { get }

    /// Computes every output from the inputs.
    func forward<Scalar: Real>(_ frame: Frame<Scalar>)

    /// Adds to the gradient of each input that has one (`Frame.inputGradient`) what the outputs' gradients imply.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>)
}

/// Which values an operation's `backward` reads.
struct BackwardNeeds: OptionSet, Sendable {
    let rawValue: Int
    /// The inputs.
    static let inputs = BackwardNeeds(rawValue: 1)
    /// The outputs.
    static let outputs = BackwardNeeds(rawValue: 2)
}

extension Operation {
    static var opsets: ClosedRange<Int> { 13...25 }
    static var foldingLimit: Int { .max }
    static var mayLackFirstOutput: Bool { false }
    var isView: Bool { false }
    var needs: BackwardNeeds { [.inputs, .outputs] }
    var savedCount: Dimension { Dimension(0) }
    var scratchCount: Dimension { Dimension(0) }
    var assignedGradients: [Bool] { [] }
    var passedGradients: [Int] { [] }
    /// For operators without a derivative, whose outputs are whole numbers or do not depend on parameters.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {}
}
