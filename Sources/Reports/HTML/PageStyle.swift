/// The page's style sheet. Colours of series are Okabe and Ito's, which colour-blind readers can tell apart;
/// dashes and marker shapes are the second cue.
enum PageStyle {
    static let css = """
        :root { color-scheme: light dark; --paper: #fff; --ink: #1c1f23; --muted: #5c6470; --rule: #dfe3e8;
          --tint: #f4f6f8; --boundary: #333a44; --warning: #b3470a; --note: #0062a3;
          --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b04f8c; --c4: #b07c00; --c5: #3a93c8; --heat: #0a5c94; }
        @media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e6e8ea; --muted: #9aa3ad;
          --rule: #30363d; --tint: #1d2126; --boundary: #c9d1d9; --warning: #f0a060; --note: #6cb8ea;
          --c0: #56b4e9; --c1: #f08a4b; --c2: #2fc29a; --c3: #df94bf; --c4: #e6b422; --c5: #a9d8f5;
          --heat: #6cc0f5; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 72rem; padding: 2.5rem 1.5rem 4rem; background: var(--paper);
          color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
          font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
        .eyebrow { margin: 0; color: var(--muted); font-size: .8rem; letter-spacing: .08em; text-transform: uppercase; }
        h1 { margin: .2rem 0 1rem; font-size: 2rem; line-height: 1.2; letter-spacing: -.015em; }
        h2 { margin: 0 0 .75rem; font-size: 1.3rem; letter-spacing: -.01em; }
        p { margin: 0 0 .75rem; max-width: 46rem; }
        a { color: var(--note); }
        .verdict p { margin-bottom: .35rem; max-width: none; }
        .terms { max-width: none; margin-top: .75rem; color: var(--muted); font-size: .87rem; line-height: 1.5; }
        .verdict p:first-child { margin-bottom: .75rem; font-size: 1.2rem; line-height: 1.45; }
        .facts { display: flex; flex-wrap: wrap; gap: .75rem 1.75rem; margin: 1.25rem 0; padding: .9rem 0;
          border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
        .facts dt { color: var(--muted); font-size: .8rem; }
        .facts dd { margin: 0; font-size: .95rem; font-weight: 600; }
        .notice { margin: 0 0 .6rem; padding: .6rem .9rem; border-left: 3px solid var(--note); background: var(--tint);
          border-radius: 0 4px 4px 0; }
        .notice.warning { border-left-color: var(--warning); }
        .notice p { margin: 0; max-width: none; font-size: .93rem; }
        .concerned { color: var(--muted); }
        nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 1.25rem 0 0; font-size: .9rem; }
        nav a { text-decoration: none; }
        nav a:hover { text-decoration: underline; }
        section { margin-top: 3rem; padding-top: 1.5rem; border-top: 1px solid var(--rule); }
        .block + .block { margin-top: 1.75rem; }
        figure { margin: 0 0 1.5rem; min-width: 0; }
        figcaption { margin-top: .25rem; max-width: 46rem; color: var(--muted); font-size: .87rem; line-height: 1.45; }
        .grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 0 1.5rem; }
        .narrow { display: none; }
        figcaption:empty { display: none; }
        h3 { margin: 0 0 .4rem; font-size: 1.05rem; }
        details { margin: .5rem 0; font-size: .87rem; }
        summary { cursor: pointer; color: var(--note); }
        .switch + label { margin-left: .4rem; font-size: .93rem; }
        .switch ~ .grid .evolute { display: none; }
        .switch:checked ~ .grid .evolute { display: inline; }
        .scroll { overflow-x: auto; margin: .5rem 0 1rem; max-height: 40rem; }
        table { max-width: 100%; border-collapse: collapse; font-size: .87rem; }
        caption { padding: .2rem 0 .5rem; color: var(--muted); text-align: left;
          width: max-content; max-width: min(46rem, 100vw - 2rem); overflow-wrap: anywhere; }
        details caption { display: none; }
        th, td { padding: .3rem .75rem; border-bottom: 1px solid var(--rule); text-align: left;
          vertical-align: top; overflow-wrap: break-word; }
        thead th { color: var(--muted); font-weight: 500; vertical-align: bottom;
          position: sticky; top: 0; background: var(--paper); }
        tbody th { font-weight: 500; }
        tbody th.t { overflow-wrap: anywhere; min-width: 9rem; }
        [title] { cursor: help; }
        th:first-child { padding-left: 0; }
        td.t { max-width: 30rem; }
        .n { text-align: right; }
        td.n, tbody .n { white-space: nowrap; }
        tr.doubtful > * { color: var(--warning); }
        tr.unusable > * { color: var(--muted); font-style: italic; }
        .citation { margin: 0 0 .4rem; font-size: .93rem; }
        footer { margin-top: 3rem; color: var(--muted); font-size: .85rem; }
        svg.chart { display: block; width: 100%; height: auto; overflow: visible; }
        .chart text { fill: var(--ink); font-size: 12px; }
        .chart .tick, .chart .axis-label, .chart .stage-label { fill: var(--muted); }
        .chart .axis-label { font-weight: 500; }
        .chart .boundary-label { font-weight: 600; }
        .chart .note { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
        .gridline { stroke: var(--rule); }
        .axis { stroke: var(--muted); }
        .stage { fill: var(--tint); }
        .span { fill: var(--muted); opacity: .13; }
        .boundary { stroke: var(--boundary); stroke-dasharray: 5 3; }
        .boundary-interval { fill: var(--boundary); opacity: .12; }
        .level { stroke: var(--muted); stroke-dasharray: 2 3; }
        .s0 { --series: var(--c0); } .s1 { --series: var(--c1); } .s2 { --series: var(--c2); }
        .s3 { --series: var(--c3); } .s4 { --series: var(--c4); } .s5 { --series: var(--c5); }
        .line { fill: none; stroke: var(--series); stroke-width: 1.8; stroke-linejoin: round; }
        .line.s1 { stroke-dasharray: 7 3; } .line.s2 { stroke-dasharray: 2 2.5; } .line.s3 { stroke-dasharray: 9 3 2 3; }
        .line.s4 { stroke-dasharray: 12 4; } .line.s5 { stroke-dasharray: 4 2 1 2; }
        .line.faint { stroke-width: 1; opacity: .45; stroke-dasharray: none; }
        .line.thin { stroke-width: 1; stroke-dasharray: none; }
        .line.evolute { stroke-width: 1; stroke-dasharray: 3 2; }
        .band { fill: var(--series); opacity: .18; }
        .error-bar { stroke: var(--series); stroke-width: 1.2; opacity: .75; }
        .marker { fill: var(--series); stroke: var(--paper); stroke-width: .6; }
        .marker.hollow { fill: var(--paper); stroke: var(--series); stroke-width: 1.5; }
        .cross { fill: none; stroke: var(--warning); stroke-width: 1.6; }
        .heat { fill: var(--heat); }
        .tile { fill: var(--tint); } .hatch { fill: none; stroke: var(--muted); stroke-width: .8; opacity: .55; }
        .chosen { fill: none; stroke: var(--ink); stroke-width: 2.5; }
        .chart .letter { font-weight: 700; fill: var(--warning); }
        .h0 { fill-opacity: .04; } .h1 { fill-opacity: .12; } .h2 { fill-opacity: .22; } .h3 { fill-opacity: .35; }
        .h4 { fill-opacity: .5; } .h5 { fill-opacity: .66; } .h6 { fill-opacity: .83; } .h7 { fill-opacity: 1; }
        @media (max-width: 44rem) { body { padding: 1.25rem 1rem 3rem; } h1 { font-size: 1.5rem; }
          .verdict p:first-child { font-size: 1.08rem; } .wide { display: none; } .narrow { display: block; }
          table { width: max-content; max-width: none; } }
        @media print { :root { --paper: #fff; --ink: #000; --muted: #444; --rule: #ccc; --tint: #f2f2f2;
            --boundary: #222; --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b04f8c; --c4: #b07c00;
            --c5: #3a93c8; --heat: #0a5c94; }
          body { max-width: none; padding: 0; font-size: 10pt; } nav, .switch, .switch + label { display: none; }
          .wide { display: block; } .narrow { display: none; } figure, tr, .notice { break-inside: avoid; }
          h2 { break-after: avoid; } .scroll { overflow: visible; max-height: none; }
          details:not([open]) { display: none; } }
        """
}
