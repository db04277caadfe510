import Development
import Sampling

extension RunReport {
    /// The methods that were used and the papers behind them; nil when there is nothing but losses and norms.
    var methodsSection: Page.Section? {
        let measurements = analysis.measurements
        let estimates = measurements.checkpoints.compactMap(\.llc)
        let hasDynamics = analysis.essentialDynamics != nil || analysis.weightDynamics != nil
        var sentences: [String] = []
        var links: [Page.Link] = []
        if !estimates.isEmpty {
            sentences.append(
                "λ̂ = nβ·(E[L(w)] − L(w*)) is the mean over the draws of chains from the posterior localised at the "
                    + "checkpoint w*, burn-in left out.")
            links += [Self.coefficient, Self.langevin]
        }
        if !measurements.restrictions.isEmpty {
            sentences.append("A restricted λ̂ samples some parameters, or looks at some examples, and freezes the rest.")
            links.append(Self.refined)
        }
        if measurements.checkpoints.contains(where: { $0.observations?.wbic != nil }) { links.append(Self.wbic) }
        if estimates.contains(where: { $0.rHat != nil || $0.bulkESS != nil }) {
            sentences.append("R-hat and effective sample sizes are rank-normalised, over split chains.")
            links.append(Self.convergence)
        }
        if analysis.stages != nil || hasDynamics { links.append(Self.stagewise) }
        if analysis.stages?.search != nil {
            sentences.append(
                "Boundaries are found on a Gaussian process (Matérn 7/2 over log(t + 1), learnt noise) that knows the "
                    + "standard errors of λ̂, fitted exactly by a Kalman filter.")
            links.append(Self.stateSpace)
        }
        if !analysis.evidence.changePoints.isEmpty {
            sentences.append("Change points are found by exact search, and their number by a modified BIC.")
            links += [Self.changePoints, Self.modifiedBIC]
        }
        if hasDynamics {
            sentences.append(
                "Essential dynamics are principal components over the checkpoints, smoothed over their index; shares and "
                    + "forms stand beside those of random walks with the run's own steps.")
            links.append(Self.randomWalks)
        }
        if !analysis.evidence.trades.compactMap(\.self).isEmpty {
            sentences.append("A trade compares free energies to first order.")
            links.append(Self.toyModel)
        }
        guard !sentences.isEmpty else { return nil }
        return Page.Section(
            anchor: "methods", heading: "Methods",
            blocks: [Page.Block(paragraphs: [sentences.joined(separator: " ")], links: links)])
    }

    private static let refined = Page.Link(
        address: "https://arxiv.org/abs/2410.02984",
        citation:
            "Wang, Hoogland, van Wingerden, Furman, Murfet: Differentiation and specialization of attention heads "
            + "via the refined local learning coefficient. 2024.")
    private static let wbic = Page.Link(
        address: "https://arxiv.org/abs/1208.6338",
        citation: "Watanabe: A widely applicable Bayesian information criterion. Journal of Machine Learning Research, "
            + "2013.")
    private static let stateSpace = Page.Link(
        address: "https://doi.org/10.1109/MLSP.2010.5589113",
        citation:
            "Hartikainen, Särkkä: Kalman filtering and smoothing solutions to temporal Gaussian process regression "
            + "models. MLSP 2010.")
    private static let changePoints = Page.Link(
        address: "https://arxiv.org/abs/1101.1438",
        citation:
            "Killick, Fearnhead, Eckley: Optimal detection of changepoints with a linear computational cost. Journal "
            + "of the American Statistical Association, 2012.")
    private static let modifiedBIC = Page.Link(
        address: "https://doi.org/10.1111/j.1541-0420.2006.00662.x",
        citation: "Zhang, Siegmund: A modified Bayes information criterion with applications to the analysis of "
            + "comparative genomic hybridization data. Biometrics, 2007.")
    private static let randomWalks = Page.Link(
        address: "https://arxiv.org/abs/1806.08805",
        citation: "Antognini, Sohl-Dickstein: PCA of high dimensional random walks with comparison to neural network "
            + "training. NeurIPS 2018.")
    private static let toyModel = Page.Link(
        address: "https://arxiv.org/abs/2310.06301",
        citation: "Chen, Lau, Mendel, Wei, Murfet: Dynamical versus Bayesian phase transitions in a toy model of "
            + "superposition. 2023.")
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
