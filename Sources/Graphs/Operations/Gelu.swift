import CKernels
import Tensors

/// `Gelu` (opset 20): x·Φ(x), or with `approximate: tanh` ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
///
/// Hendrycks & Gimpel 2016, "Gaussian Error Linear Units", arXiv:1606.08415, section 2.
struct Gelu: Operation {
    /// The two forms: scale·x·(1 + erf(inner·x)) and scale·x·(1 + tanh(inner·(x + cubic·x³))).
    struct Form {
        var isTanh: Bool
        var scale = 0.5
        var inner: Double
        var cubic = 0.0

        static let exact = Form(isTanh: false, inner: 0.5.squareRoot())
        static let tanh = Form(isTanh: true, inner: (2 / Double.pi).squareRoot(), cubic: 0.044715)
    }

    static let opsets = 20...25

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let assignedGradients = [true]
    private let form: Form

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("approximate")
        switch try context.string("approximate") ?? "none" {
        case "none": form = .exact
        case "tanh": form = .tanh
        case let other: throw context.error(.malformed, "approximate must be none or tanh; it is \(other)")
        }
        let x = try context.floatInput(0)
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    /// What a graph spells out with constants of its own.
    init(_ form: Form, output: ValueDescription) {
        self.form = form
        outputs = [output]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        instar_gelu(
            Scalar.kernelType, form.isTanh ? 1 : 0, form.scale, form.inner, form.cubic, frame.input(0),
            frame.output(0), frame.outputShape(0).elementCount)
    }

    /// dx += f′(x)·dy.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        instar_gelu_backward(
            Scalar.kernelType, form.isTanh ? 1 : 0, form.scale, form.inner, form.cubic, frame.input(0), dy, dx,
            frame.assigns(0) ? 1 : 0, frame.outputShape(0).elementCount)
    }
}
