import Foundation

/// The scales of one run that make a grid of settings mean the same for every model: nβ is counted from n/ln n, γ from
/// the default, and ε from a twentieth of where SGLD becomes unstable.
public struct CalibrationScales: Sendable, Codable, Equatable {
    /// n, the number of training examples.
    public var exampleCount: Int
    /// d, the number of sampled coordinates.
    public var dimension: Int
    /// h, the largest curvature over the chosen checkpoints.
    public var curvature: Double
    /// The mean of |w\*|² over the chosen checkpoints.
    public var squaredSize: Double
    /// nβ where the user states it: it is then not swept.
    public var statedNBeta: Double?
    /// γ where the user states it: it is then not swept.
    public var statedLocalization: Double?

    /// Creates scales; there is at least one example and one coordinate, and the others are finite and not negative.
    public init(
        exampleCount: Int, dimension: Int, curvature: Double, squaredSize: Double, statedNBeta: Double? = nil,
        statedLocalization: Double? = nil
    ) {
        precondition(exampleCount > 0 && dimension > 0, "there is something to sample")
        precondition(curvature >= 0 && curvature.isFinite && squaredSize >= 0 && squaredSize.isFinite, "finite scales")
        self.exampleCount = exampleCount
        self.dimension = dimension
        self.curvature = curvature
        self.squaredSize = squaredSize
        self.statedNBeta = statedNBeta
        self.statedLocalization = statedLocalization
    }

    /// n/ln n, or nβ as stated.
    public var referenceNBeta: Double { statedNBeta ?? SamplingSettings.defaultNBeta(exampleCount: exampleCount) }

    /// d/|w\*|²: a weaker γ lets weights that the loss does not hold wander further than their own size.
    public var weakLocalization: Double { squaredSize > 0 ? Double(dimension) / squaredSize : 1 }

    /// The default γ at the reference nβ, or γ as stated.
    public var referenceLocalization: Double {
        statedLocalization ?? max(weakLocalization, referenceNBeta * curvature / 49)
    }

    /// The default ε at the reference nβ and γ.
    public var referenceStepSize: Double { 0.2 / (referenceNBeta * curvature + referenceLocalization) }

    /// ε(nβ·h + γ)/4: from 1 on SGLD is unstable along the sharpest direction, whose part of λ̂ it inflates by
    /// 1/(1 − this) below that.
    public func shareOfStabilityLimit(stepSize: Double, nBeta: Double, localization: Double) -> Double {
        stepSize * (nBeta * curvature + localization) / 4
    }
}

/// A place in the grid: half decades from the default settings, all 0.
public struct CalibrationPlace: Sendable, Codable, Hashable {
    /// Of ε.
    public var stepSize: Int
    /// Of nβ.
    public var nBeta: Int
    /// Of γ.
    public var localization: Int

    /// Creates a place.
    public init(stepSize: Int, nBeta: Int, localization: Int) {
        self.stepSize = stepSize
        self.nBeta = nBeta
        self.localization = localization
    }
}

extension CalibrationScales {
    /// The settings at a place.
    public func settings(at place: CalibrationPlace) -> (stepSize: Double, nBeta: Double, localization: Double) {
        (
            referenceStepSize * halfDecades(place.stepSize), referenceNBeta * halfDecades(place.nBeta),
            referenceLocalization * halfDecades(place.localization)
        )
    }

    /// The part of the stability limit that ε takes at a place.
    func share(at place: CalibrationPlace) -> Double {
        let (stepSize, nBeta, localization) = settings(at: place)
        return shareOfStabilityLimit(stepSize: stepSize, nBeta: nBeta, localization: localization)
    }

    /// The coarse grid: nβ from a hundredth to ten times n/ln n, γ from a tenth to ten times the default, never below
    /// a tenth of d/|w\*|², and ε from a two-hundredth to half of the stability limit, all by decades.
    var coarsePlaces: [CalibrationPlace] {
        var places: [CalibrationPlace] = []
        for localization in [-2, 0, 2] {
            for nBeta in [-4, -2, 0, 2] {
                places += stride(from: -12, through: 12, by: 2).map {
                    CalibrationPlace(stepSize: $0, nBeta: nBeta, localization: localization)
                }
            }
        }
        return places.filter { isSwept($0) && (0.003..<0.8).contains(share(at: $0)) }
    }

    /// The few cells of a short calibration: the default and its neighbours, γ towards weaker ones.
    var shortPlaces: [CalibrationPlace] {
        let center = CalibrationPlace(stepSize: 0, nBeta: 0, localization: 0)
        return
            ([center] + [-2, 2].map { moved(center, nBeta: $0) } + [-2, -1].map { moved(center, localization: $0) }
            + [-1, 1].map { moved(center, stepSize: $0) }).filter(isSwept)
    }

    /// A place and its neighbours half a decade away, γ towards weaker ones twice: what a choice is refined with.
    func neighbourhood(of place: CalibrationPlace) -> [CalibrationPlace] {
        ([place] + [-1, 1].map { moved(place, nBeta: $0) } + [-2, -1, 1].map { moved(place, localization: $0) }
            + [-1, 1].map { moved(place, stepSize: $0) })
            .filter { isSwept($0) && share(at: $0) < 0.8 }
    }

    /// The place moved by half decades, ε with it so that it keeps its part of the stability limit.
    private func moved(
        _ place: CalibrationPlace, stepSize: Int = 0, nBeta: Int = 0, localization: Int = 0
    ) -> CalibrationPlace {
        var other = place
        other.nBeta += nBeta
        other.localization += localization
        other.stepSize += Int((2 * log10(share(at: place) / share(at: other))).rounded()) + stepSize
        return other
    }

    /// Whether a place keeps to what was stated and its γ is at least a tenth of d/|w\*|².
    private func isSwept(_ place: CalibrationPlace) -> Bool {
        (statedNBeta == nil || place.nBeta == 0)
            && (statedLocalization == nil
                ? place.localization == 0 || settings(at: place).localization >= weakLocalization / 10
                : place.localization == 0)
    }

    private func halfDecades(_ count: Int) -> Double { pow(10, Double(count) / 2) }
}
