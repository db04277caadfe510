/// The Mustache templates of a page, in the program text so that the program is one file.
///
/// The markup is also well-formed XML. Text of the user's never stands in an attribute, but for numbers and digests.
enum PageTemplate {
    static let page = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
        base-uri 'none'; form-action 'none'"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <title>{{page.title}} – Instar</title>
        <style>
        {{{style}}}
        </style>
        </head>
        <body>
        {{#page}}
        <header>
        <p class="eyebrow">{{eyebrow}}</p>
        <h1>{{title}}</h1>
        <div class="verdict">{{#verdict}}<p>{{.}}</p>{{/verdict}}</div>
        {{#terms}}<p class="terms">{{.}}</p>
        {{/terms}}
        <dl class="facts">{{#facts}}<div><dt>{{factName}}</dt><dd>{{factValue}}</dd></div>{{/facts}}</dl>
        {{#notices}}<div class="notice {{severity}}"><p><strong>{{finding}}</strong>\
        {{#concerned}} <span class="concerned">{{.}}</span>{{/concerned}}</p><p>{{remedy}}</p></div>
        {{/notices}}
        <nav aria-label="Contents">{{#sections}}<a href="#{{anchor}}">{{heading}}</a> {{/sections}}</nav>
        </header>
        <main>
        {{#sections}}
        <section id="{{anchor}}">
        <h2>{{heading}}</h2>
        {{#blocks}}<div class="block">{{#subheadings}}<h3>{{.}}</h3>{{/subheadings}}\
        {{#paragraphs}}<p>{{.}}</p>{{/paragraphs}}\
        {{#evoluteSwitches}}<input type="checkbox" class="switch" id="{{identifier}}"/>\
        <label for="{{identifier}}">Show the evolute</label>{{/evoluteSwitches}}\
        <div class="{{arrangement}}">{{#figures}}<figure>{{{charts}}}<figcaption>{{figureCaption}}</figcaption>\
        {{#numbers}}<details><summary>Numbers</summary>{{> table}}</details>{{/numbers}}</figure>{{/figures}}</div>\
        {{#tables}}{{> table}}{{/tables}}\
        {{#foldedTables}}<details><summary>{{tableCaption}}</summary>{{> table}}</details>{{/foldedTables}}\
        {{#links}}<p class="citation"><a href="{{address}}" rel="noreferrer">{{citation}}</a></p>{{/links}}</div>
        {{/blocks}}
        </section>
        {{/sections}}
        </main>
        <footer><p>{{imprint}}</p></footer>
        {{/page}}
        </body>
        </html>

        """

    static let table = """
        <div class="scroll"><table><caption>{{tableCaption}}</caption><thead><tr>\
        {{#columns}}<th scope="col" class="{{columnClass}}">{{columnHeading}}</th>{{/columns}}</tr></thead><tbody>
        {{#rows}}<tr class="{{rowClass}}">\
        {{#rowHeading}}<th scope="row" class="{{cellClass}}">{{cellText}}</th>{{/rowHeading}}\
        {{#cells}}<td class="{{cellClass}}"{{#fullText}} title="{{.}}"{{/fullText}}>{{cellText}}</td>{{/cells}}</tr>
        {{/rows}}
        </tbody></table></div>
        """
}
