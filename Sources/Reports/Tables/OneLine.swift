extension String {
    /// The text with control characters and line breaks replaced by spaces and marks of writing direction left out, so
    /// that a name can neither steer a terminal nor reorder what stands beside it.
    public var onOneLine: String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: result.append(" ")
            case .format where scalar.properties.isBidiControl: break
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
