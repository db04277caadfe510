import Development
import Sampling

extension RunReport {
    /// The methods that were used and the papers behind them; nil when there is nothing but losses and norms.
    var methodsSection: Page.Section? {
        let estimates = analysis.measurements.checkpoints.compactMap(\.llc)
        let hasDynamics = analysis.essentialDynamics != nil || analysis.weightDynamics != nil
        var sentences: [String] = []
        var links: [Page.Link] = []
        if !estimates.isEmpty {
            sentences.append(
                "λ̂ = nβ·(E[L(w)] − L(w*)) is the mean over draws of stochastic gradient Langevin dynamics from the "
                    + "posterior localised at the checkpoint w*, burn-in left out.")
            links += [Self.coefficient, Self.langevin]
        }
        if estimates.contains(where: { $0.rHat != nil || $0.bulkESS != nil }) {
            sentences.append("R-hat and effective sample sizes are rank-normalised, over split chains.")
            links.append(Self.convergence)
        }
        if analysis.stages != nil {
            sentences.append("Stages are found on a Gaussian-process fit that knows the standard errors of λ̂.")
        }
        if hasDynamics {
            sentences.append(
                "Essential dynamics are principal components over the checkpoints, smoothed over their index.")
        }
        if analysis.stages != nil || hasDynamics { links.append(Self.stagewise) }
        guard !sentences.isEmpty else { return nil }
        return Page.Section(
            anchor: "methods", heading: "Methods",
            blocks: [Page.Block(paragraphs: [sentences.joined(separator: " ")], links: links)])
    }

    private static let coefficient = Page.Link(
        address: "https://arxiv.org/abs/2308.12108",
        citation: "Lau, Furman, Wang, Murfet, Wei: The local learning coefficient: a singularity-aware complexity "
            + "measure. 2023.")
    private static let langevin = Page.Link(
        address: "https://dl.acm.org/doi/10.5555/3104482.3104568",
        citation: "Welling, Teh: Bayesian learning via stochastic gradient Langevin dynamics. ICML 2011.")
    private static let convergence = Page.Link(
        address: "https://arxiv.org/abs/1903.08008",
        citation: "Vehtari, Gelman, Simpson, Carpenter, Bürkner: Rank-normalization, folding, and localization: an "
            + "improved R-hat for assessing convergence of MCMC. Bayesian Analysis, 2021.")
    private static let stagewise = Page.Link(
        address: "https://arxiv.org/abs/2402.02364",
        citation: "Hoogland, Wang, Farrugia-Roberts, Carroll, Wei, Murfet: Loss landscape degeneracy and stagewise "
            + "development in transformers. 2024.")
}
