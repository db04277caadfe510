extension OperationRegistry {
    /// Operators that move elements, select them or make whole numbers.
    static let shaping: [String: any Operation.Type] = [
        "And": Logic.self,
        "Concat": Concat.self,
        "ConstantOfShape": ConstantOfShape.self,
        "Dropout": Dropout.self,
        "Expand": Expand.self,
        "Flatten": Flatten.self,
        "Gather": Gather.self,
        "GatherND": GatherND.self,
        "Mod": Mod.self,
        "Not": Logic.self,
        "Or": Logic.self,
        "Pad": Pad.self,
        "Range": RangeOperation.self,
        "Reshape": Reshape.self,
        "Shape": ShapeOperation.self,
        "Size": Size.self,
        "Slice": SliceOperation.self,
        "Split": Split.self,
        "Squeeze": Squeeze.self,
        "Tile": Tile.self,
        "Transpose": Transpose.self,
        "Trilu": Trilu.self,
        "Unsqueeze": Unsqueeze.self,
    ]

    /// Activations, reductions, normalisations, convolutions, poolings and contractions.
    static let layers: [String: any Operation.Type] = [
        "AveragePool": AveragePool.self,
        "BatchNormalization": BatchNormalization.self,
        "Clip": Activation.self,
        "Conv": Conv.self,
        "Einsum": Einsum.self,
        "Elu": Activation.self,
        "GlobalAveragePool": GlobalAveragePool.self,
        "LayerNormalization": LayerNormalization.self,
        "LeakyRelu": Activation.self,
        "LogSoftmax": Softmax.self,
        "MaxPool": MaxPool.self,
        "ReduceMax": ReduceMax.self,
        "ReduceMean": ReduceSum.self,
        "ReduceSum": ReduceSum.self,
        "Softmax": Softmax.self,
        "Softplus": Activation.self,
    ]
}
