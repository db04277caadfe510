import Foundation

/// A power law in training time, L(t) = E + A·t^−α, fitted to a stretch of a loss curve.
///
/// The fit is robust (Huber on logarithms, `fit(steps:losses:)`); the intervals hold 95 % and count the
/// autocorrelation of the residuals. What the data do not pin down has an open end and a `Doubt`.
public struct PowerLaw: Sendable, Codable, Equatable {
    /// A fitted number with its 95 % interval.
    public struct Parameter: Sendable, Codable, Equatable {
        /// The fitted number.
        public var value: Double
        /// The interval's lower end; nil when the data set none. E, A and α are not negative, so 0 is an end.
        public var lower: Double?
        /// The interval's upper end; nil when the data set none.
        public var upper: Double?

        /// Creates a parameter.
        public init(value: Double, lower: Double?, upper: Double?) {
            self.value = value
            self.lower = lower
            self.upper = upper
        }
    }

    /// Why a number of the fit is not to be relied on.
    public enum Doubt: String, Sendable, Codable, CaseIterable {
        /// E = 0 is not excluded: a plain line in log–log does as well.
        case offsetNotIdentified
        /// The interval of A has an open end or reaches 0.
        case amplitudeNotIdentified
        /// The interval of α has an open end or reaches 0.
        case exponentNotIdentified
        /// The residuals are so autocorrelated that they are a shape the law misses, not noise, or so few that this
        /// cannot be told: there are no intervals.
        case systematicResiduals
    }

    /// The plain power law L(t) = A·t^−α, a line in log–log, fitted in the same way.
    public struct Line: Sendable, Codable, Equatable {
        /// A, the loss at step 1.
        public var amplitude: Double
        /// α.
        public var exponent: Double
        /// As `PowerLaw.explained`.
        public var explained: Double

        /// Creates a line.
        public init(amplitude: Double, exponent: Double, explained: Double) {
            self.amplitude = amplitude
            self.exponent = exponent
            self.explained = explained
        }
    }

    /// E, the loss that is left after infinite time.
    public var offset: Parameter
    /// A, in the loss's unit: what is to be lost after step 1.
    public var amplitude: Parameter
    /// α.
    public var exponent: Parameter
    /// The first and the last step that took part.
    public var steps: ClosedRange<Double>
    /// The number of points that took part.
    public var pointCount: Int
    /// The typical size of log L − log L̂, so of the relative error: 1.4826 × the median of |log L − log L̂|, which is
    /// the standard deviation if they are normal.
    public var residualDeviation: Double
    /// The correlation of neighbouring residuals, in order of step; corrected for bias, between 0 and 0.99.
    public var autocorrelation: Double
    /// 1 − (the fit's Huber loss)/(that of a constant): what R² is to least squares (Koenker & Machado 1999,
    /// J. Am. Stat. Assoc. 94, 1296).
    public var explained: Double
    /// The plain power law on the same points.
    public var line: Line
    /// What is not to be relied on; empty when all is identified.
    public var doubts: [Doubt]

    /// Whether a plain line in log–log does as well: E = 0 is within the interval of E.
    public var lineDoesAsWell: Bool { doubts.contains(.offsetNotIdentified) }

    /// L(t) at a step above 0.
    public func loss(at step: Double) -> Double {
        offset.value + amplitude.value * pow(step, -exponent.value)
    }

    /// Creates a power law.
    public init(
        offset: Parameter, amplitude: Parameter, exponent: Parameter, steps: ClosedRange<Double>, pointCount: Int,
        residualDeviation: Double, autocorrelation: Double, explained: Double, line: Line, doubts: [Doubt]
    ) {
        self.offset = offset
        self.amplitude = amplitude
        self.exponent = exponent
        self.steps = steps
        self.pointCount = pointCount
        self.residualDeviation = residualDeviation
        self.autocorrelation = autocorrelation
        self.explained = explained
        self.line = line
        self.doubts = doubts
    }
}

extension PowerLaw {
    /// The outcome of a fit.
    public enum Fit: Sendable, Codable, Equatable {
        /// The law.
        case fitted(PowerLaw)
        /// There is none to speak of.
        case absent(Absence)

        /// The law, if there is one.
        public var law: PowerLaw? {
            if case .fitted(let law) = self { law } else { nil }
        }
    }

    /// Why there is no power law to speak of.
    public enum Absence: String, Sendable, Codable, CaseIterable {
        /// Fewer than eight different steps above 0 with a positive, finite loss.
        case tooFewPoints
        /// A constant does as well within the noise, so α and A mean nothing. Where the residuals are no noise
        /// (`Doubt.systematicResiduals`), a law that explains less than half counts as no better than a constant.
        case flat
        /// The loss rises.
        case rising
        /// The best exponent is above 20: a sudden drop to a constant, not a power.
        case abrupt
    }
}
