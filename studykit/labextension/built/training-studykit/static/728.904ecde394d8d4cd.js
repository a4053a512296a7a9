"use strict";(self.rspackChunktraining_studykit=self.rspackChunktraining_studykit||[]).push([[728],{563(e,t,s){s.r(t),s.d(t,{default:()=>tD});var n=s(369),i=s(2),a=s(177),r=s(542),o=s(338),l=s(698),d=s(901),c=s(904);let u={en:"The Jupyter server does not answer. Start it again; what you did is kept.",zh:"Jupyter 服务没有响应，请重新启动；已有的进度都还在。"},h={en:"This Jupyter server runs without studykit. Start it by `python3 -m studykit lab`.",zh:"当前的 Jupyter 服务没有加载 studykit，请用 `python3 -m studykit lab` 启动。"};class p extends Error{text;status;constructor(e,t){super(e.en),this.text=e,this.status=t}}class k{settings;constructor(e){this.settings=e}catalog=()=>this.ask("catalog");progress=()=>this.ask("progress");memory=e=>this.ask(`progress/${e}`);due=(e,t,s)=>this.ask(`due${d.URLExt.objectToQueryString({limit:e,new:t,...s&&{technique:s}})}`);review=(e,t,s)=>this.ask("reviews","POST",{question:e,given:t,seed:s});undo=e=>this.ask("reviews/undo","POST",{event:e});suspend=(e,t)=>this.ask("reviews/suspend","POST",{question:e,suspended:t});drill=e=>this.ask(`drills/${e}`);runs=async()=>(await this.ask("runs")).runs;run=e=>this.ask(`runs/${e}`);start=(e,t)=>this.ask("runs","POST",{technique:e,parameters:t});stop=e=>this.ask(`runs/${e}`,"DELETE");result=e=>this.text(`runs/${e}/result`);evidence=()=>this.text("evidence");interviews=async()=>(await this.ask("interviews")).interviews;begin=e=>this.ask("interviews","POST",e);interview=e=>this.ask(`interviews/${e}`);answer=(e,t,s)=>this.ask(`interviews/${e}/answers`,"POST",{given:t,seconds:s});finish=e=>this.ask(`interviews/${e}/finish`,"POST",{});report=(e,t)=>this.text(`interviews/${e}/report?format=${t}`);async *events(e){let t=(await this.request(`runs/${e}/events`)).body.pipeThrough(new TextDecoderStream).getReader(),s="";for(;;){let{done:e,value:n}=await t.read().catch(()=>{throw new p(u,0)});if(e)return;let i=(s+n).split("\n");for(let e of(s=i.pop(),i))e&&(yield JSON.parse(e))}}async ask(e,t="GET",s){return await (await this.request(e,t,s)).json()}async text(e){return(await this.request(e)).text()}async request(e,t="GET",s){let n,i=d.URLExt.join(this.settings.baseUrl,"studykit",e),a={method:t,...void 0!==s&&{body:JSON.stringify(s)}};try{n=await c.ServerConnection.makeRequest(i,a,this.settings)}catch{throw new p(u,0)}if(n.ok)return n;let r=await n.json().catch(()=>({})),o="string"==typeof r.remedy?String(r.message):"";throw new p(o?{en:o,zh:o}:404===n.status?h:g(n),n.status)}}let g=({status:e,statusText:t})=>({en:`The server refused: ${e} ${t}.`,zh:`服务拒绝了请求：${e} ${t}。`});function m(e){return e instanceof p?e.text:(console.error(e),{en:`studykit met an error of its own: ${e}`,zh:`studykit 自身出错：${e}`})}var f=s(660);function b(e,t,s){for(let[s,n]of Object.entries(t))null!=n&&!1!==n&&(s.startsWith("on")?e.addEventListener(s.slice(2),n):e.setAttribute(s,!0===n?"":n));return e.append(...s.flat().filter(e=>null!=e&&!1!==e)),e}let v=["input","select","textarea","button"];function w(e,t={},...s){let n=v.includes(e)?{"data-lm-suppress-shortcuts":"true"}:{};return b(document.createElement(e),{...n,...t},s)}let y=(e,t={},...s)=>b(document.createElementNS("http://www.w3.org/2000/svg",e),t,s),x=(e,t)=>"string"==typeof e?e:e?.[t]??"";function z(e){let t=e=>e.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map(e=>/^`[^`]+`$/.test(e)?w("code",{},e.slice(1,-1)):/^\*\*[^*]+\*\*$/.test(e)?w("strong",{},e.slice(2,-2)):e);return e.trim().split(/\n\s*\n/).map(e=>w("p",{},...e.split("\n").flatMap((e,s)=>s?[w("br"),...t(e)]:t(e))))}function $(e,t){for(let[s,n]of Object.entries(t))e.set(s,n);e.save_changes()}function S(e,t){let s=w("div",{class:`sk ${t}`});e.append(s);let n=()=>{let[e,t,n]=getComputedStyle(s).color.match(/[\d.]+/g).map(Number);s.dataset.dark=String(.299*e+.587*t+.114*n>140)},i=new MutationObserver(n);for(let e of[document.documentElement,document.body])i.observe(e,{attributes:!0});return requestAnimationFrame(n),{widget:s,release:()=>i.disconnect()}}function q(e,t,s){for(let n of t)e.on(`change:${n}`,s);return()=>t.forEach(t=>e.off(`change:${t}`,s))}function C(e,...t){let s=document.activeElement,n=s instanceof HTMLElement&&e.contains(s)?s.dataset.key:void 0,i=s instanceof HTMLInputElement&&"search"===s.type?s.selectionStart:null;if(e.replaceChildren(...t.filter(e=>!!e)),!n)return;let a=e.querySelector(`[data-key="${CSS.escape(n)}"]`);a?.focus(),null!==i&&a instanceof HTMLInputElement&&a.setSelectionRange(i,i)}function j(e){return e.split(/^```[^\n]*\n?/m).flatMap((e,t)=>e.trim()?t%2?[w("pre",{class:"sk-listing",tabindex:"0"},e.trimEnd())]:z(e):[])}function M(e,t,s={}){return w("button",{type:"button",class:s.class??"sk-quiet","data-key":s.key,"aria-label":s.label,title:s.label,"aria-pressed":void 0===s.pressed?null:String(s.pressed),disabled:s.disabled,onclick:t},e)}function T(e,t,s=`${Math.round(100*e)} %`){let n=Math.round(100*e),i=w("span",{class:"sk-track",role:"progressbar","aria-label":t,"aria-valuemin":0,"aria-valuemax":100,"aria-valuenow":n,"aria-valuetext":s},w("span",{style:`width: ${n}%`}));return w("span",{class:"sk-bar"},i,w("span",{class:"sk-share","aria-hidden":"true"},s))}function E(e,t,s=""){return t.setAttribute("aria-label",s?`${e}: ${s}`:e),w("label",{class:"sk-field"},w("span",{},e),t,s&&w("span",{class:"sk-hint"},s))}function A(e,t,s,n){let i=w("select",{"data-key":n,onchange:()=>s(i.value)},...e.map(([e,s])=>w("option",{value:e,selected:e===t},s)));return i}let N={en:"Hints",zh:"提示"},O={en:"Next hint",zh:"下一条提示"},L={en:"Close",zh:"关闭"},I={en:"This drill has no hints.",zh:"这道题没有提示。"};var D=s(256);let R=new D.LabIcon({name:"studykit:desk",svgstr:'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16"><path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M12 6.2C10.2 4.8 7.6 4 4.5 4H3v14.2h1.5c2.9 0 5.2.7 6.7 2l.8.7.8-.7c1.5-1.3 3.8-2 6.7-2H21V4h-1.5c-3.1 0-5.7.8-7.5 2.2zm-1 11.4c-1.6-.9-3.6-1.4-6-1.5V6c2.7.2 4.8.9 6 2.1zm8-1.5c-2.4.1-4.4.6-6 1.5V8.1C14.2 6.9 16.3 6.2 19 6z"/></svg>'});function P(e){let t=e?.model?.getMetadata("studykit");if("string"!=typeof t?.technique)return null;let s="string"==typeof t.colab&&t.colab.startsWith("https://colab.research.google.com/");return{technique:t.technique,colab:s?t.colab:null}}let B=(e,t)=>e.content.widgets.filter(e=>(e.model.getMetadata("tags")??[]).includes(t));async function W(e,t){let s=e.content.widgets.findIndex(e=>e===t);s<0||(e.content.activeCellIndex=s,await e.content.scrollToItem(s,"smart"))}let H={en:"Show the study desk",zh:"打开学习台侧栏"},J={en:"Study desk",zh:"学习台"},F={en:"Start a review",zh:"开始复习"},U={en:"Mock interview",zh:"模拟面试"},_={en:"Run an experiment",zh:"运行实验"},G={en:"Evidence of all experiments",zh:"全部实验的证据"},Y={en:"Check",zh:"检查"},Q={en:"Hint",zh:"提示"},V={en:"Reset",zh:"重置"},K={en:"Quiz",zh:"测验"},X={en:"Open in Colab",zh:"在 Colab 打开"},Z={en:"Run your solution and have it judged",zh:"运行你的解答并评判"},ee={en:"Hints for the drill, one at a time",zh:"逐条查看手写题的提示"},et={en:"Put the blank back; your code is kept in a cell below",zh:"恢复空白题面；你的代码会保留在下方单元格"},es={en:"Review the questions of this technique",zh:"做这项技术的题目"},en={en:"kept",zh:"保留于"},ei={en:"Your code is kept in the cell below the drill.",zh:"你的代码保留在手写题下方的单元格里。"},ea={en:"The drill was blank already.",zh:"题面本来就是空白的。"},er=["studykit:check","studykit:hint","studykit:reset","studykit:quiz","studykit:colab"],eo=["studykit:show-panel","studykit:open-desk","studykit:review","studykit:interview","studykit:runs","studykit:evidence",...er],el={report:{en:"Report",zh:"面试报告"},layers:{en:"Layers of the answer",zh:"回答的三个层次"},algorithm:{en:"algorithm",zh:"算法"},data:{en:"data",zh:"数据"},engineering:{en:"engineering",zh:"工程"},covered:{en:"covered",zh:"讲到了"},lacking:{en:"not mentioned",zh:"没有提到"},findings:{en:"To be corrected",zh:"需要更正的说法"},clean:{en:"No known false or outdated statement was found. What the ledger does not have was not checked.",zh:"没有发现已知的错误或过时说法。事实表以外的内容没有核对。"},wrong:{en:"wrong",zh:"错误"},outdated:{en:"outdated",zh:"过时"},qualified:{en:"true only under its condition",zh:"只在一定条件下成立"},unverifiable:{en:"without a source",zh:"查无出处"},source:{en:"Source",zh:"出处"},missing:{en:"Not mentioned",zh:"没有提到的内容"},drills:{en:"Code",zh:"代码"},found:{en:"the bug was found",zh:"找到了 bug"},overlooked:{en:"the bug was not found",zh:"没有找到 bug"},next:{en:"Go on with",zh:"接下来学"},markdown:{en:"Save as Markdown",zh:"存为 Markdown"},html:{en:"Save as HTML",zh:"存为 HTML"}},{wrong:ed,outdated:ec,qualified:eu,unverifiable:eh}=el,ep={wrong:ed,outdated:ec,qualified:eu,unverifiable:eh},ek={heading:{en:"Mock interview",zh:"模拟面试"},intro:{en:"One broad question, follow-ups, and code to write. Wrong statements are told at the end, with their sources.",zh:"先问一个大问题，再追问，还要写代码。说错的地方最后会逐条指出，并附出处。"},minutes:{en:"Minutes (5–90)",zh:"时长（5–90 分钟）"},level:{en:"Level",zh:"难度"},screen:{en:"phone screen",zh:"电话面试"},onsite:{en:"on-site",zh:"现场面试"},expert:{en:"expert",zh:"专家"},lang:{en:"Spoken in",zh:"面试语言"},focus:{en:"About",zh:"范围"},all:{en:"everything",zh:"全部"},begin:{en:"Begin",zh:"开始面试"},earlier:{en:"Earlier interviews",zh:"以往的面试"},open:{en:"Report",zh:"看报告"},resume:{en:"Go on",zh:"继续"},answer:{en:"Your answer",zh:"你的回答"},code:{en:"Your code",zh:"你的代码"},send:{en:"Answer",zh:"提交回答"},sending:{en:"Listening …",zh:"正在听……"},finish:{en:"Finish now",zh:"提前结束"},leave:{en:"Back to the settings",zh:"返回设置"},time:{en:"Time",zh:"用时"},you:{en:"You",zh:"你"}},eg={en:"Your answer",zh:"你的回答"},em={en:"What it prints",zh:"打印结果"},ef={en:"Move up",zh:"上移"},eb={en:"Move down",zh:"下移"},ev={en:"Choose all that are right.",zh:"选出所有正确的选项。"},ew={single:ez,multiple:ez,numeric:function(e,t,s){let n=w("input",{type:"text",inputmode:"text",autocomplete:"off",spellcheck:"false",value:t.given??"",oninput:()=>t.given=n.value}),i=w("label",{class:"sk-field"},w("span",{},x(eg,s)),w("span",{class:"sk-with-unit"},n,e.unit));return[ey(e),ex(e.code),i]},predict:function(e,t,s){return eS(e,t,x(em,s),"sk-mono",3)},bug:function(e,t,s){let n=e.code.trimEnd().split("\n").map((e,s)=>w("label",{class:"sk-code-line"},w("input",{type:"radio",name:"answer",value:s+1,checked:Number(t.given)===s+1,onchange:()=>t.given=String(s+1)}),w("span",{class:"sk-number"},s+1),w("span",{},e||" ")));return[ey(e),w("div",{class:"sk-code"},...n)]},order:function(e,t,s){let n=new Map(e.steps.map(e=>[e.id,e.text]));t.given??=[...n.keys()].join(",");let i=w("ol",{class:"sk-steps"}),a=w("p",{class:"sk-unseen","aria-live":"polite"}),r=()=>i.replaceChildren(...t.given.split(",").map(l)),o=(e,o,l,d,c)=>w("button",{type:"button","aria-label":`${x(d,s)}: ${n.get(e)}`,disabled:!(l+o>=0&&l+o<n.size),onclick:()=>{let l,d,c,u,h,p;d=(l=t.given.split(",")).indexOf(e),l.splice(d+o,0,...l.splice(d,1)),t.given=l.join(","),r(),c=[...i.children[d+o].querySelectorAll("button")],(o<0?c:c.reverse()).find(e=>!e.disabled).focus(),a.textContent=x((u=n.get(e),h=d+o+1,p=l.length,{en:`${u}: place ${h} of ${p}`,zh:`${u}：第 ${h} 位，共 ${p} 位`}),s)}},c),l=(e,t)=>w("li",{},w("span",{class:"sk-number","aria-hidden":"true"},`${t+1}.`),w("span",{class:"sk-letter"},`${e})`),w("span",{},...e$(n.get(e))),o(e,-1,t,ef,"↑"),o(e,1,t,eb,"↓"));return r(),[ey(e),ex(e.code),i,a]},short:function(e,t,s){return eS(e,t,x(eg,s),null,5)}};function ey(e){return w("legend",{},...z(e.prompt))}function ex(e){let t=e.trimEnd().split("\n").map((e,t)=>w("div",{class:"sk-code-line"},w("span",{class:"sk-number","aria-hidden":"true"},t+1),w("span",{},e||" ")));return e&&w("div",{class:"sk-code",tabindex:"0",role:"group","aria-label":"code"},...t)}function ez(e,t,s){let n="single"===e.type?"radio":"checkbox",i=new Set(String(t.given??"").split(",")),a=e=>t.given=[...e.currentTarget.closest("fieldset").querySelectorAll("input:checked")].map(e=>e.value).join(","),r=e.options.map(e=>w("label",{class:"sk-option"},w("input",{type:n,name:"answer",value:e.id,checked:i.has(e.id),onchange:a}),w("span",{class:"sk-letter"},`${e.id})`),w("span",{},...e$(e.text))));return[ey(e),ex(e.code),"checkbox"===n&&w("p",{class:"sk-how"},x(ev,s)),...r]}let e$=e=>z(e).flatMap(e=>[...e.childNodes]);function eS(e,t,s,n,i){let a=w("textarea",{rows:i,class:n,spellcheck:n?"false":null,oninput:()=>t.given=a.value});return a.value=t.given??"",[ey(e),ex(e.code),w("label",{class:"sk-field"},w("span",{},s),a)]}let eq={en:"Check",zh:"提交"},eC={en:"Checking …",zh:"正在批改……"},ej={en:"Next",zh:"下一题"},eM={en:"Previous",zh:"上一题"},eT={en:"Right",zh:"答对了"},eE={en:"Not right",zh:"没有答对"},eA={en:"Choose an answer first.",zh:"请先作答。"},eN={en:"No reply from Python yet. Is the kernel running?",zh:"Python 还没有回应。内核在运行吗？"},eO={en:"Questions",zh:"题目"},eL={screen:{en:"phone screen",zh:"电话面试"},onsite:{en:"on-site",zh:"现场面试"},expert:{en:"expert",zh:"专家"}},eI=(e,t)=>({en:`Question ${e} of ${t}`,zh:`第 ${e} 题，共 ${t} 题`}),eD=function({model:e,el:t}){var s;let n,i,a,{widget:r,release:o}=S(t,"sk-quiz"),l={},d=w("div",{class:"sk-head"}),c=w("form",{onsubmit:e=>(e.preventDefault(),function(){let{questions:e,index:t,results:s}=p(),{id:n}=e[t].en;s[n]||m(n,String(l[n]?.given??""))}())}),u=w("div",{class:"sk-said","aria-live":"polite","aria-atomic":"true",tabindex:"-1"}),h=w("div",{class:"sk-actions"}),p=()=>Object.fromEntries(["lang","questions","index","results"].map(t=>[t,e.get(t)])),{wait:k,settle:g,submit:m}=(s=b,n={busy:"",problem:"",timers:[]},i=e=>{n.timers.forEach(clearTimeout),Object.assign(n,{busy:"",problem:e}),s()},a=t=>x(t,e.get("lang")),{wait:n,settle:i,submit:(t,r)=>{if(!n.busy){if(!r.trim())return i(a(eA));Object.assign(n,{busy:t,problem:""}),n.timers=[setTimeout(s,300),setTimeout(()=>i(a(eN)),8e3)],e.send({kind:"answer",id:t,given:r})}}});function f(t){$(e,{index:t});let s=c.querySelector("fieldset:not(:disabled) :is(input, textarea, li button:not(:disabled))");(s??h.querySelector(".sk-main"))?.focus()}function b(){let t=p(),{lang:s,questions:n,index:i,results:a}=t,o=a[n[i].en.id],g=e=>e?.contains(document.activeElement),m=g(d.querySelector(".sk-dots"))?"dots":g(d)?"head":g(c)?"body":"";r.lang=s,d.replaceChildren(w("ol",{class:"sk-dots","aria-label":x(eO,s)},...t.questions.map((e,n)=>{let i=t.results[e.en.id],a=i?`: ${x(i.correct?eT:eE,s)}`:"",r=i?i.correct?"sk-good":"sk-bad":null,o=x(eI(n+1,t.questions.length),s)+a;return w("li",{class:r},w("button",{type:"button","aria-label":o,title:o,"aria-current":n===t.index?"step":null,onclick:()=>f(n)},w("span",{"aria-hidden":"true"},i?i.correct?"✓":"✗":"")))})),w("div",{class:"sk-languages",role:"group","aria-label":"Language / 语言"},...[["en","EN"],["zh","中文"]].map(([t,s])=>w("button",{type:"button",lang:t,"aria-pressed":String(e.get("lang")===t),onclick:()=>$(e,{lang:t})},s)))),h.replaceChildren(...(function({questions:e,index:t,results:s,lang:n},i,a){let r,o,l=s[e[t].en.id],d=Object.values(s),c=d.filter(e=>e.correct).length,u=d.length>0&&w("span",{class:"sk-place"},x((r=c,o=d.length,{en:`${r} of ${o} right`,zh:`答对 ${r}/${o} 题`}),n)),h=x(i?eC:eq,n),p=w("button",{type:"submit",class:"sk-main","aria-disabled":String(!!i)},h),k=(t,s,i)=>w("button",{type:"button",class:t,disabled:!e[s],onclick:()=>a(s)},x(i,n)),g=k("sk-quiet",t-1,eM),m=w("span",{class:"sk-gap"});if(!l)return[p,u,m,g,k("sk-quiet",t+1,ej)];let f=[...e.keys()].slice(t+1).concat([...e.keys()]).find(t=>!s[e[t].en.id])??t+1;return[e[f]&&k("sk-main",f,ej),u,m,g]})(t,k.busy,f).filter(Boolean));let b=o?function(e,t){if(!e)return null;let s=!e.correct&&e.score>0?` \xb7 ${Math.round(100*e.score)} %`:"";return w("div",{class:`sk-verdict ${e.correct?"sk-good":"sk-bad"}`},w("span",{class:"sk-icon","aria-hidden":"true"},e.correct?"✓":"✗"),w("div",{},w("p",{},x(e.correct?eT:eE,t)+s),...x(e.feedback,t).split("\n").filter(Boolean).flatMap(z)))}(o,s):k.problem&&w("p",{class:"sk-problem"},k.problem);u.replaceChildren(...b?[b]:[]),c.replaceChildren(...function({questions:e,index:t,results:s,lang:n},i,a){let r=e[t][n],o=i[r.id]??={},l=s[r.id];l&&(o.given=String(l.given));let d=x(eL[r.level]??r.level,n);return[w("p",{class:"sk-place"},`${x(eI(t+1,e.length),n)} \xb7 ${d}`),w("fieldset",{disabled:!!(l||a)},...ew[r.type](r,o,n))]}(t,l,k.busy),u,h),(({dots:()=>d.querySelector("[aria-current]"),head:()=>d.querySelector("[aria-pressed=true]"),body:()=>o||k.busy?h.querySelector(".sk-main")??u:k.problem&&(c.querySelector("input:checked")??c.querySelector("input, textarea"))})[m]?.()||null)?.focus()}r.append(d,c);let v=[q(e,["results"],()=>p().results[k.busy]?g(""):b()),q(e,["index","questions"],()=>g("")),q(e,["lang"],b),q(e,["problem"],()=>g(x(e.get("problem").text,e.get("lang"))))];return b(),()=>{k.timers.forEach(clearTimeout),v.forEach(e=>e()),o()}},eR={en:"Review",zh:"复习"},eP={en:"Answer what is due, before it is forgotten. The next date of each question follows from your answers.",zh:"趁还没忘，先答到期的题。每道题下次出现的时间由你的作答决定。"},eB={en:"Nothing to ask now: all is answered and not yet due.",zh:"现在没有可问的题：都答过了，也都还没到期。"},eW={en:"Start a review",zh:"开始复习"},eH={en:"Undo last answer",zh:"撤销上一次作答"},eJ={en:"Never ask this again",zh:"以后不再问这道题"},eF={en:"Ask it again after all",zh:"恢复刚才那道题"},eU={en:"This question is left out of all reviews.",zh:"这道题不会再出现在复习里。"},e_={en:"End review",zh:"结束复习"},eG={en:"Another review",zh:"再来一组"},eY={en:"Everything here was left out.",zh:"这一组的题都已移出复习。"},eQ={en:"Review finished",zh:"复习完成"},eV={en:"next due",zh:"下次到期"},eK={heading:{en:"Runs",zh:"运行"},technique:{en:"Technique",zh:"技术"},parameters:{en:"Parameters",zh:"参数"},start:{en:"Start run",zh:"开始运行"},starting:{en:"Starting …",zh:"正在启动……"},unbuilt:{en:"This notebook has no parameters yet.",zh:"这份笔记本还没有参数。"},evidence:{en:"Evidence of all experiments",zh:"全部实验的证据"},list:{en:"All runs",zh:"所有运行"},none:{en:"No run yet. A run goes on when this page is closed.",zh:"还没有运行过。关掉页面，运行也会继续。"},stop:{en:"Stop",zh:"停止"},result:{en:"Open result",zh:"查看结果"},log:{en:"Log",zh:"日志"},cell:{en:"cell",zh:"单元格"},running:{en:"running",zh:"运行中"},done:{en:"done",zh:"已完成"},failed:{en:"failed",zh:"失败"},stopped:{en:"stopped",zh:"已停止"}},eX={running:"…",done:"✓",failed:"✗",stopped:"■"},[eZ,e0,e1,e2,e6,e5]=[256,108,40,6,8,22],e3=e=>e1+(e+30)/60*(eZ-e1-e2),e4=e=>e6+(1-e)*(e0-e6-e5),e8={heading:{en:"Syllabus",zh:"课程"},today:{en:"Today",zh:"今天"},calm:{en:"Nothing is due. New questions are waiting whenever you like.",zh:"没有到期的题。想学新的，随时可以开始。"},start:{en:"Start review",zh:"开始复习"},learn:{en:"Learn something new",zh:"学点新的"},search:{en:"Search techniques",zh:"搜索技术"},filter:{en:"Show",zh:"显示"},all:{en:"All",zh:"全部"},due:{en:"Due",zh:"到期"},new:{en:"Not begun",zh:"未开始"},none:{en:"No technique matches.",zh:"没有符合条件的技术。"},quiz:{en:"Quiz",zh:"测验"},run:{en:"Run",zh:"运行"},memory:{en:"Memory",zh:"记忆"},passed:{en:"drill passed",zh:"手写题已通过"},failed:{en:"drill not passed yet",zh:"手写题还没通过"},mastery:{en:"mastered",zh:"掌握程度"},loading:{en:"Reading your progress …",zh:"正在读取进度……"}},e7={desk:{en:"Study desk",zh:"学习台"},views:{en:"Views",zh:"视图"},study:{en:"Study",zh:"学习"},review:{en:"Review",zh:"复习"},interview:{en:"Interview",zh:"面试"},runs:{en:"Runs",zh:"运行"},again:{en:"Try again",zh:"重试"}},e9=["study","review","interview","runs"];class te extends f.Widget{models;ways;top=w("div",{class:"sk-top"});alert=w("div",{role:"alert"});place=w("div",{class:"sk-view"});views=new Map;release=null;constructor(e,t){for(let s of(super(),this.models=e,this.ways=t,this.addClass("sk-desk-host"),Object.values(e)))s.changed.connect(this.changed,this)}dispose(){for(let e of Object.values(this.models))e.changed.disconnect(this.changed,this);for(let e of this.views.values())e.dispose();this.release?.(),super.dispose()}onAfterAttach(){if(!this.release){let{widget:e,release:t}=S(this.node,"sk-desk");e.append(this.top,this.alert,this.place),this.release=t}this.update()}onAfterShow(){this.models.desk.refresh()}onActivateRequest(){this.top.querySelector("[aria-current]")?.focus()}onUpdateRequest(e){if(!this.release||this.isDisposed)return;let{desk:t}=this.models,{lang:s}=t;this.node.lang="zh"===s?"zh-CN":"en",this.title.label=this.title.caption=x(e7.desk,s),this.node.closest(".jp-SideBar, #jp-left-stack, #jp-right-stack")&&(this.title.label="");let n=e9.map(e=>w("button",{type:"button",class:"sk-tab","data-key":e,"aria-current":e===t.place?"page":null,onclick:()=>t.go(e)},x(e7[e],s)));C(this.top,w("div",{class:"sk-name"},w("h2",{},x(e7.desk,s)),this.languages()),w("nav",{"aria-label":x(e7.views,s)},...n)),C(this.alert,...this.problem());let i=this.view(t.place);for(let e of this.views.values())e.node.hidden=e!==i;i.node.parentElement!==this.place&&this.place.append(i.node),i.update()}changed(){this.update()}problem(){let{desk:e,runs:t,interview:s}=this.models;if(!e.problem)return[];let n=M(x(e7.again,e.lang),()=>void(async()=>{await e.load(),e.problem||await Promise.all([t.load(),s.load()])})(),{key:"again"});return[w("div",{class:"sk-verdict sk-bad"},w("div",{},w("p",{},x(e.problem,e.lang)),n))]}languages(){let{desk:e}=this.models,t=(t,s)=>{let n=M(s,()=>e.speak(t),{key:t,pressed:e.lang===t,class:""});return n.lang=t,n};return w("div",{class:"sk-languages",role:"group","aria-label":"Language / 语言"},t("en","EN"),t("zh","中文"))}view(e){let t=this.views.get(e)??this.make(e);return this.views.set(e,t),t}make(e){let{models:t,ways:s}=this;return"review"===e?function(e){let t=w("section",{class:"sk-review","aria-label":x(eR,e.desk.lang)}),s=w("div",{}),n=w("div",{class:"sk-asked"}),i=w("div",{});t.append(s,n,i);let a=-1,r=null,o=t=>x(t,e.desk.lang);function l(){r?.(),r=null,n.replaceChildren(),a=-1}return{node:t,update:function(){let{session:d}=e;if(t.setAttribute("aria-label",o(eR)),!d){l();let t=o(e.nothing?eB:eP),n=M(o(eW),()=>void e.begin(),{key:"start",class:"sk-main",disabled:e.busy});C(s,w("p",{class:"sk-soft",role:"status"},t)),C(i,w("div",{class:"sk-actions"},n));return}e.asked.length?a===e.serial&&r||(l(),a=e.serial,r=eD({model:e,el:n})):l(),C(s,d.technique&&w("h3",{},e.desk.title(d.technique)),(e.finished||!e.asked.length)&&function(){let t,{done:s,asked:n}=e,i=s.filter(e=>e.correct).length,a=s.map(e=>e.due).sort()[0],r=a&&new Date(a).toLocaleDateString("zh"===e.desk.lang?"zh-CN":"en-GB"),l=n.length?o((t=s.length,{en:`${i} of ${t} right`,zh:`${t} 题答对 ${i} 题`})):o(eY);return w("div",{class:"sk-card",role:"status"},w("h3",{},o(eQ)),w("p",{},l+(r?` \xb7 ${o(eV)}: ${r}`:"")))}()),C(i,...function(){let{session:t,busy:s,finished:n,asked:i}=e,a=n||!i.length;return[w("div",{class:"sk-actions sk-below"},e.last&&M(o(eH),()=>void e.undo(),{key:"undo",disabled:s}),i.length>0&&!t.results[e.current]&&M(o(eJ),()=>void e.suspend(),{key:"suspend",disabled:s}),t.left.length>0&&M(o(eF),()=>void e.resume(),{key:"resume",disabled:s}),a&&M(o(eG),()=>void e.begin(t.technique),{key:"more",class:"sk-main"}),M(o(e_),()=>e.end(),{key:"end"})),w("p",{class:"sk-soft",role:"status"},t.left.length?o(eU):"")]}())},dispose:l}}(t.review):"runs"===e?function(e,t){let{desk:s}=e,n=w("section",{class:"sk-runs"}),i=w("form",{onsubmit:t=>(t.preventDefault(),void e.start())}),a=w("div",{});n.append(i,a);let r="";function o(t){let n=`knob-${t.name}`,i=e.draft[t.name]??String(t.default),a=s=>e.enter(t.name,s);if(t.choices)return E(t.name,A(t.choices.map(e=>[e,e]),i,a,n));if("switch"===t.kind){let e=w("input",{type:"checkbox","data-key":n,checked:"true"===i,onchange:()=>a(String(e.checked))});return w("label",{class:"sk-check"},e,w("span",{},t.name))}let r=w("input",{type:"text","data-key":n,value:i,autocomplete:"off",spellcheck:"false",oninput:()=>a(r.value)});return E(t.name,r,(({low:e,high:t},s)=>void 0!==e&&void 0!==t?`${e} – ${t}`:void 0===e?"":x({en:`at least ${e}`,zh:`至少 ${e}`},s))(t,s.lang))}function l(n){var i;let a,r=s.title(n.technique),o="done"===n.status?1:n.cells?n.cell/n.cells:0,l=Object.entries(n.parameters).map(([e,t])=>`${e}=${t}`),d=null===n.seconds?"":` \xb7 ${n.seconds.toFixed(1)} s`,c=new Date(n.started).toLocaleString("zh"===s.lang?"zh-CN":"en-GB");return w("li",{class:"sk-card","data-run":n.id},w("h4",{},r),w("p",{class:"sk-status"},`${eX[n.status]} ${x(eK[n.status],s.lang)}${d}`),T(o,r,n.cells?`${x(eK.cell,s.lang)} ${n.cell}/${n.cells}`:""),l.length>0&&w("p",{class:"sk-soft sk-code-like"},l.join("  ")),w("p",{class:"sk-soft"},[c,n.message].filter(Boolean).join(" \xb7 ")),n.reason&&w("p",{class:"sk-problem"},n.reason),(i=n,a=(e.logs[i.id]??[]).slice(-200).join("\n"),w("details",{open:e.opened.has(i.id),ontoggle:t=>void e.open(i.id,t.currentTarget.open)},w("summary",{"data-key":`log-${i.id}`},x(eK.log,s.lang)),w("pre",{class:"sk-listing",tabindex:"0","data-key":`lines-${i.id}`},a))),w("div",{class:"sk-actions"},"running"===n.status&&M(x(eK.stop,s.lang),()=>void e.stop(n.id),{key:`stop-${n.id}`,label:`${x(eK.stop,s.lang)}: ${r}`}),"done"===n.status&&M(x(eK.result,s.lang),()=>t.result(n),{key:`result-${n.id}`,label:`${x(eK.result,s.lang)}: ${r}`})))}return{node:n,update:function(){let d,c,u,h;n.setAttribute("aria-label",x(eK.heading,s.lang));let p=JSON.stringify([s.lang,s.catalog.techniques.length,e.technique,e.problem,e.busy]);p!==r&&(d=s.catalog.techniques,!e.technique&&d[0]&&(e.technique=d[0].id),c=s.technique(e.technique)?.knobs??[],u=A(d.map(e=>[e.id,e.title[s.lang]]),e.technique,t=>e.choose(t),"technique"),h=w("button",{type:"submit",class:"sk-main","data-key":"start","aria-disabled":String(e.busy)},x(e.busy?eK.starting:eK.start,s.lang)),C(i,E(x(eK.technique,s.lang),u),w("details",{open:!0},w("summary",{"data-key":"parameters"},x(eK.parameters,s.lang)),c.length?w("div",{class:"sk-fields"},...c.map(o)):w("p",{},x(eK.unbuilt,s.lang))),w("p",{class:"sk-problem",role:"alert"},e.problem?x(e.problem,s.lang):""),w("div",{class:"sk-actions"},h,M(x(eK.evidence,s.lang),t.evidence,{key:"evidence"})))),r=p;let k=e.runs.length?w("ul",{class:"sk-list"},...e.runs.map(l)):w("p",{class:"sk-soft"},x(eK.none,s.lang));for(let e of(C(a,w("h3",{},x(eK.list,s.lang)),k),a.querySelectorAll("details[open] > pre")))e.scrollTop=e.scrollHeight},dispose:()=>void 0}}(t.runs,s):"interview"===e?function(e,t){let{desk:s}=e,n=w("section",{class:"sk-interview"}),i=w("span",{class:"sk-clock",role:"timer","aria-live":"off"}),a="",r=()=>{let t;e.interview&&(i.textContent=`${t=e.elapsed,`${Math.floor(t/60)}:${String(Math.floor(t%60)).padStart(2,"0")}`} / ${e.interview.settings.minutes}:00`)},o=setInterval(r,1e3);function l(t,s){return w("button",{type:"submit",class:"sk-main","data-key":s,"aria-disabled":String(e.busy)},t)}function d(){return w("p",{class:"sk-problem",role:"alert"},e.problem?x(e.problem,s.lang):"")}function c(e,t){return w("details",{class:"sk-turn"},w("summary",{"data-key":`turn-${t}`},e.prompt.split("\n")[0]),...j(e.prompt),w("p",{class:"sk-soft"},x(ek.you,s.lang)),null===e.blank?w("p",{class:"sk-given"},e.given):w("pre",{class:"sk-listing",tabindex:"0"},e.given))}return{node:n,update:function(){n.setAttribute("aria-label",x(ek.heading,s.lang));let{interview:o,earlier:u,problem:h,busy:p}=e,k=[s.lang,s.loaded,o?.id,o?.turns.length,o?.finished,u,h,p];if(JSON.stringify(k)!==a)if(a=JSON.stringify(k),r(),o)if(o.finished&&o.report){let i,a,r,l,d,c,u,h;C(n,...(i=e=>x(e,s.lang),a=o.report,r=(e,...t)=>[w("h3",{},i(e)),...t],l=e=>w("ul",{class:"sk-list"},...e.map(e=>w("li",{},e))),d=a.drills.map(({technique:e,passed:t,message:n})=>`${t?"✓":"✗"} ${s.title(e)}: ${n}`),c=a.bugs.map(e=>`${e.found?"✓":"✗"} ${s.title(e.technique)}: ${i(e.found?el.found:el.overlooked)}`),u=a.next.map(e=>M(s.title(e),()=>t(e),{key:`next-${e}`,class:"sk-link"})),h=async e=>{await s.tried(async()=>{var t,n,i;let a;t=await s.api.report(o.id,e),n=`interview-${o.id}.${e}`,i=e,w("a",{href:a=URL.createObjectURL(new Blob([t],{type:`${"md"===i?"text/markdown":"text/html"};charset=utf-8`})),download:n}).click(),setTimeout(()=>URL.revokeObjectURL(a),1e3)})},[w("h3",{role:"status"},i(el.report)),...r(el.layers,function({layers:e},t){let s=["algorithm","data","engineering"].map(s=>w("li",{},w("span",{"aria-hidden":"true"},e[s]?"✓ ":"○ "),`${t(el[s])}: ${t(e[s]?el.covered:el.lacking)}`));return w("ul",{class:"sk-list"},...s)}(a,i)),...r(el.findings,...function({turns:e,report:t},s){return t.findings.length?t.findings.map(t=>w("div",{class:"sk-finding"},function(e,[t,s]){let n=[...e],i=n.slice(Math.max(0,t-60),t).join("");return w("p",{class:"sk-quote"},(t>60?"… ":"")+i,w("mark",{},n.slice(t,s).join("")),n.slice(s,s+60).join("")+(s+60<n.length?" …":""))}(e[t.turn]?.given??t.text,e[t.turn]?t.span:[0,t.text.length]),w("p",{class:"sk-status"},s(ep[t.verdict]??{en:t.verdict,zh:t.verdict})),...j(t.correction),w("p",{class:"sk-soft"},`${s(el.source)}: ${t.source}`))):[w("p",{},`✓ ${s(el.clean)}`)]}(o,i)),...a.missing.length?r(el.missing,l(a.missing)):[],...d.length+c.length?r(el.drills,l([...d,...c])):[],...u.length?r(el.next,l(u)):[],w("div",{class:"sk-actions"},M(i(el.markdown),()=>void h("md"),{key:"markdown",class:"sk-main"}),M(i(el.html),()=>void h("html"),{key:"html"}))]),M(x(ek.leave,s.lang),()=>e.leave(),{key:"leave"}))}else C(n,...function({turns:t,finished:n}){var a;let r,o,{asked:u}=e,h=t.filter(e=>e!==u),p=h.at(-1)?.note,k=w("div",{class:"sk-time"},w("span",{class:"sk-soft"},x(ek.time,s.lang)),i),g=p?w("div",{class:"sk-note"},...j(p)):null,m=[k,...h.map(c),...g?[g]:[]];return u&&!n?[...m,((o=w("textarea",{rows:(r=null!==(a=u).blank)?16:8,class:r?"sk-mono":null,spellcheck:r?"false":null,"data-key":"answer",oninput:()=>e.write(o.value)})).value=e.given,w("form",{onsubmit:t=>(t.preventDefault(),void e.answer())},w("div",{class:"sk-prompt","aria-live":"polite"},...j(a.prompt)),E(x(r?ek.code:ek.answer,s.lang),o),d(),w("div",{class:"sk-actions"},l(x(e.busy?ek.sending:ek.send,s.lang),"send"),M(x(ek.finish,s.lang),()=>void e.finish(),{key:"finish",disabled:e.busy}),M(x(ek.leave,s.lang),()=>e.leave(),{key:"leave"}))))]:m}(o));else C(n,...function(){let{settings:t}=e,n=w("input",{type:"number",min:5,max:90,value:t.minutes,"data-key":"minutes",oninput:()=>e.choose({minutes:n.valueAsNumber||t.minutes})}),i=["screen","onsite","expert"].map(e=>[e,x(ek[e],s.lang)]),a=[...new Set(s.catalog.techniques.map(e=>e.section))],r=[["all",x(ek.all,s.lang)],...s.catalog.tiers.map(e=>[e.id,e.title[s.lang]]),...a.map(e=>[e,e.replace(/_/g," ")]),...s.catalog.techniques.map(e=>[e.id,e.title[s.lang]])],o=[E(x(ek.minutes,s.lang),n),E(x(ek.level,s.lang),A(i,t.level,t=>e.choose({level:t}),"level")),E(x(ek.lang,s.lang),A([["en","English"],["zh","中文"]],t.lang,t=>e.choose({lang:t}),"interview-lang")),E(x(ek.focus,s.lang),A(r,t.focus,t=>e.choose({focus:t}),"focus"))];return[w("p",{class:"sk-soft"},x(ek.intro,s.lang)),w("form",{onsubmit:t=>(t.preventDefault(),void e.begin())},w("div",{class:"sk-fields"},...o),d(),w("div",{class:"sk-actions"},l(x(ek.begin,s.lang),"begin"))),...e.earlier.length?[w("h3",{},x(ek.earlier,s.lang)),w("ul",{class:"sk-list"},...e.earlier.map(({id:t,started:n,finished:i,settings:a})=>{let r=new Date(n).toLocaleString("zh"===s.lang?"zh-CN":"en-GB"),o=x(i?ek.open:ek.resume,s.lang);return w("li",{class:"sk-line"},w("span",{},`${r} \xb7 ${x(ek[a.level],s.lang)} \xb7 ${s.title(a.focus)}`),M(o,()=>void e.open(t),{key:`open-${t}`,class:"sk-small",label:`${o}: ${r}`}))}))]:[]]}())},dispose:()=>clearInterval(o)}}(t.interview,e=>{let n=t.desk.technique(e);n&&s.open(n)}):function(e,t){let s=w("section",{class:"sk-syllabus"}),n=new Set;function i(t,{id:s,title:n},a){let r=x(e8[t],e.lang);return M(r,()=>a(s),{key:`${t}-${s}`,class:"sk-small",label:`${r}: ${n[e.lang]}`})}function a(s){var n;let a,r,o,l,d,c,u,h,p=e.known(s.id),k=s.title[e.lang],g=e.memories.get(s.id),m=[p.answered>0&&function({id:t,title:s}){let n=x(e8.memory,e.lang),i=`${n}: ${s[e.lang]}`,a=M(n,()=>void e.remember(t),{key:`memory-${t}`,class:"sk-small",label:i});return a.setAttribute("aria-expanded",String(e.memories.has(t))),a}(s),i("quiz",s,t.review),i("run",s,t.run)],f=p.drill&&w("span",{},`${"passed"===p.drill?"✓":"○"} ${x(e8[p.drill],e.lang)}`);return w("li",{class:"sk-row"},w("button",{type:"button",class:"sk-title","data-key":`open-${s.id}`,title:s.summary[e.lang],onclick:()=>t.open(s)},k),w("div",{class:"sk-state"},T(p.mastery,`${k}: ${x(e8.mastery,e.lang)}`),p.due>0&&w("span",{class:"sk-due"},(a=p.due,x({en:`${a} due`,zh:`${a} 题到期`},e.lang))),f,w("span",{class:"sk-gap"}),w("span",{class:"sk-ways"},...m)),g&&(n=e.lang,r=Date.parse(g.retention[0]?.day??new Date().toISOString().slice(0,10)),o=g.past.flatMap(({day:e,right:t,answered:s})=>{let n=(Date.parse(e)-r)/864e5;return n<-30?[]:[y("circle",{class:"sk-past",cx:e3(n),cy:e4(t/s),r:Math.min(7,2+Math.sqrt(s))})]}),l=g.retention.map(({predicted:e},t)=>`${t?"L":"M"}${e3(t).toFixed(1)} ${e4(e).toFixed(1)}`),w("figure",{class:"sk-memory"},y("svg",{viewBox:`0 0 ${eZ} ${e0}`,role:"img","aria-label":d=function({past:e,retention:t},s){let n=e.reduce((e,t)=>e+t.right,0),i=e.reduce((e,t)=>e+t.answered,0),a=e=>{let s;return s=t[Math.min(e,t.length-1)]?.predicted??0,`${Math.round(100*s)} %`};return t.length?({en:`${n} of ${i} answers were right. Chance to know the answered questions: today ${a(0)}, in a week ${a(7)}, in a month ${a(29)}.`,zh:`答了 ${i} 次，对了 ${n} 次。答过的题还记得的概率：今天 ${a(0)}，一周后 ${a(7)}，一个月后 ${a(29)}。`})[s]:({en:"No question has been answered yet.",zh:"还没有答过题。"})[s]}(g,n)},...(c=[0,.5,1].flatMap(e=>[y("line",{class:"sk-rule",x1:e1,x2:eZ-e2,y1:e4(e),y2:e4(e)}),y("text",{x:e1-4,y:e4(e)+4,"text-anchor":"end"},`${100*e} %`)]),u=[[-30,"start",{en:"30 days ago",zh:"30 天前"}[n]],[0,"middle",{en:"today",zh:"今天"}[n]],[30,"end",{en:"in 30 days",zh:"30 天后"}[n]]].map(([e,t,s])=>y("text",{x:e3(e),y:e0-6,"text-anchor":t},s)),h=y("line",{class:"sk-today-line",x1:e3(0),x2:e3(0),y1:e4(0),y2:e4(1)}),[...c,h,...u]),l.length>0&&y("path",{class:"sk-foreseen",d:l.join("")}),...o),w("figcaption",{},d))))}return{node:s,update:function(){let i,r;if(s.setAttribute("aria-label",x(e8.heading,e.lang)),!e.loaded)return void C(s,!e.problem&&w("p",{class:"sk-soft",role:"status"},x(e8.loading,e.lang)));let o=e.catalog.tiers.map(t=>(function(t,s){let i=e.catalog.techniques.filter(e=>e.tier===t),r=e.shown(t);if(!r.length)return null;let o=i.reduce((t,s)=>t+e.known(s.id).mastery,0)/i.length;return w("details",{open:!n.has(t),ontoggle:e=>e.currentTarget.open?n.delete(t):n.add(t)},w("summary",{"data-key":`tier-${t}`},w("span",{class:"sk-tier"},s),T(o,`${s}: ${x(e8.mastery,e.lang)}`)),w("ul",{},...r.map(a)))})(t.id,t.title[e.lang])),l=o.every(e=>!e)&&w("p",{class:"sk-soft",role:"status"},x(e8.none,e.lang));C(s,function(){let s=e.progress.due;return w("div",{class:"sk-card sk-today"},w("h3",{},x(e8.today,e.lang)),w("p",{},x(s?{en:1===s?"1 question is due.":`${s} questions are due.`,zh:`有 ${s} 道题到期。`}:e8.calm,e.lang)),M(x(s?e8.start:e8.learn,e.lang),()=>t.review(null),{key:"today",class:"sk-main"}))}(),(i=w("input",{type:"search","data-key":"search","aria-label":x(e8.search,e.lang),placeholder:x(e8.search,e.lang),autocomplete:"off",value:e.search,oninput:t=>t.isComposing||e.look(i.value,e.filter),oncompositionend:()=>e.look(i.value,e.filter)}),r=["all","due","new"].map(t=>M(x(e8[t],e.lang),()=>e.look(e.search,t),{key:`filter-${t}`,pressed:e.filter===t,class:"sk-choice"})),w("div",{class:"sk-finder"},i,w("div",{class:"sk-choices",role:"group","aria-label":x(e8.filter,e.lang)},...r))),...o,l)},dispose:()=>void 0}}(t.desk,s)}}let tt=e=>`studykit:${d.PageConfig.getBaseUrl()}:${e}`;function ts(e){try{return JSON.parse(sessionStorage.getItem(tt(e))??localStorage.getItem(tt(e))??"null")}catch{return null}}function tn(e,t){try{sessionStorage.setItem(tt(e),JSON.stringify(t)),ta(e,t)}catch{}}function ti(e){try{return JSON.parse(localStorage.getItem(tt(e))??"null")}catch{return null}}function ta(e,t){try{null===t?localStorage.removeItem(tt(e)):localStorage.setItem(tt(e),JSON.stringify(t))}catch{}}function tr(){let e=new Date;return[e.getFullYear(),e.getMonth()+1,e.getDate()].join("-")}var to=s(401);let tl={mastery:0,due:0,answered:0,drill:null};class td{signal=new to.Signal(this);get changed(){return this.signal}tell(){this.signal.emit()}}class tc extends td{api;keepLang;catalog={tiers:[],techniques:[]};progress={techniques:{},due:0};memories=new Map;problem=null;loaded=!1;place=ts("place")??"study";search="";filter="all";wishes={lang:"en",dailyLimit:20,newPerDay:8};constructor(e,t){super(),this.api=e,this.keepLang=t}get lang(){return this.wishes.lang}wish(e){this.wishes=e,this.tell()}speak(e){e!==this.lang&&(this.wish({...this.wishes,lang:e}),this.keepLang(e))}go(e){this.place=e,tn("place",e),this.tell()}look(e,t){Object.assign(this,{search:e,filter:t}),this.tell()}load=async()=>{await this.tried(async()=>{[this.catalog,this.progress]=await Promise.all([this.api.catalog(),this.api.progress()]),this.loaded=!0})};refresh=async()=>{if(!this.loaded)return this.load();await this.tried(async()=>{this.progress=await this.api.progress(),await Promise.all([...this.memories.keys()].map(this.readMemory))})};async remember(e){if(this.memories.delete(e))return this.tell();this.memories.set(e,null),await this.tried(()=>this.readMemory(e))||this.memories.delete(e),this.tell()}readMemory=async e=>{let t=await this.api.memory(e);this.memories.has(e)&&this.memories.set(e,t)};async tried(e){try{return await e(),this.problem=null,!0}catch(e){return this.problem=m(e),!1}finally{this.tell()}}technique(e){return this.catalog.techniques.find(t=>t.id===e)}title(e){return this.technique(e)?.title[this.lang]??e??""}known(e){return this.progress.techniques[e]??tl}shown(e){let t=this.search.toLowerCase().split(/\s+/).filter(Boolean);return this.catalog.techniques.filter(s=>{let n=this.known(s.id);if(s.tier!==e||"due"===this.filter&&!n.due||"new"===this.filter&&(n.answered||n.drill))return!1;let i=[s.id,s.section,s.drill,...Object.values(s.title),...Object.values(s.summary)];return t.every(e=>i.join(" ").toLowerCase().includes(e))})}}class tu extends td{desk;settings;interview=null;earlier=[];problem=null;busy=!1;began=0;draft=ts("draft");constructor(e){super(),this.desk=e;let t=ts("interview-settings");this.settings=t??{minutes:20,level:"onsite",lang:e.lang,focus:"all"}}get asked(){let{turns:e=[],finished:t=!0}=this.interview??{},s=e.at(-1);return!t&&s&&null===s.given?s:null}get elapsed(){return this.interview?this.interview.finished?this.interview.elapsed:(Date.now()-this.began)/1e3:0}get given(){return this.ours()?.given??this.asked?.blank??""}choose(e){this.settings={...this.settings,...e},tn("interview-settings",this.settings)}write(e){let{interview:t}=this;t&&(this.draft={interview:t.id,turn:t.turns.length,given:e,since:this.since},tn("draft",this.draft))}load=async()=>{let e=ts("interview");await this.desk.tried(async()=>{this.earlier=await this.desk.api.interviews(),null!==e&&this.earlier.some(t=>t.id===e)&&!this.interview&&this.take(await this.desk.api.interview(e))}),this.tell()};begin=()=>this.once(()=>this.desk.api.begin(this.settings));open=e=>this.once(()=>this.desk.api.interview(e));finish=()=>this.once(()=>this.desk.api.finish(this.interview.id));async answer(){let{given:e}=this;if(!e.trim())return;let t=(Date.now()-this.since)/1e3;await this.once(()=>this.desk.api.answer(this.interview.id,e,t))}leave(){this.interview=null,tn("interview",null),this.tell(),this.load()}get since(){return this.ours()?.since??this.shown}shown=Date.now();ours(){let{draft:e,interview:t}=this;return e&&t&&e.interview===t.id&&e.turn===t.turns.length?e:null}take(e){this.interview=e,this.shown=Date.now(),this.began=Date.now()-1e3*e.elapsed,this.ours()&&(this.began-=this.shown-this.draft.since),tn("interview",e.id)}async once(e){if(!this.busy){this.busy=!0,this.problem=null,this.tell();try{this.take(await e()),this.interview?.finished&&this.desk.refresh()}catch(e){this.problem=m(e)}this.busy=!1,this.tell()}}}function th(e,t,s){let n=new f.Widget;n.addClass("sk-page"),n.node.append(w("iframe",{sandbox:"",title:t,srcdoc:"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; font-src data:\">"+s}));let a=new i.MainAreaWidget({content:n});return Object.assign(a.title,{label:t,caption:t,closable:!0}),a.id=e,a.toolbar.hide(),a}class tp extends td{desk;session=ts("review");serial=0;nothing=!1;busy=!1;problem=null;handlers=new Map;waiting=new Set;constructor(e){super(),this.desk=e;let t=e.lang;e.changed.connect(()=>{e.lang!==t&&this.fire("lang"),t=e.lang})}get asked(){let{questions:e=[],left:t=[]}=this.session??{};return e.filter(e=>!t.includes(e.en.id))}get done(){let e=this.session?.results??{};return this.asked.flatMap(t=>e[t.en.id]??[])}get finished(){return this.asked.length>0&&this.done.length===this.asked.length}get current(){return this.asked[this.session?.index??0]?.en.id??""}get fresh(){let e=ti("new");return Math.max(0,this.desk.wishes.newPerDay-(e?.day===tr()?e.count:0))}async begin(e=null){let{dailyLimit:t}=this.desk.wishes;this.desk.go("review"),await this.once(async()=>{let s=e?t:Math.min(this.fresh,t),n=await this.desk.api.due(t,s,e??void 0);this.nothing=0===n.questions.length,this.open(n.questions.length?{...n,technique:e,index:0,results:{},left:[]}:null)})}end(){this.open(null),this.nothing=!1,this.desk.refresh(),this.tell()}async undo(){let e=this.last;e&&(await this.once(async()=>{await this.desk.api.undo(e.event);let t={...this.session.results};delete t[e.question],this.change({results:t,index:this.asked.findIndex(t=>t.en.id===e.question)},"results","index")}),this.desk.refresh())}get last(){return this.done.reduce((e,t)=>e&&e.event>t.event?e:t,void 0)}async suspend(){let e=this.current;await this.once(async()=>{await this.desk.api.suspend(e,!0);let{left:t,index:s}=this.session;this.change({left:[...t,e],index:Math.max(0,Math.min(s,this.asked.length-2))},"questions")})}async resume(){let e=this.session?.left.at(-1);e&&await this.once(async()=>{await this.desk.api.suspend(e,!1);let t=this.session.left.slice(0,-1);this.change({left:t},"questions"),this.change({index:this.asked.findIndex(t=>t.en.id===e)},"index")})}get(e){return"lang"===e?this.desk.lang:"questions"===e?this.asked:"problem"===e?this.problem:this.session?.[e]}set(e,t){"lang"===e?this.desk.speak(t):this.session&&Object.assign(this.session,{[e]:t}),this.waiting.add(e)}save_changes(){let e=[...this.waiting].filter(e=>"lang"!==e);this.waiting.clear(),e.length&&this.change({},...e)}send({id:e,given:t}){this.answer(e,t)}on(e,t){let s=this.handlers.get(e)??new Set;this.handlers.set(e,s.add(t))}off(e,t){this.handlers.get(e)?.delete(t)}async answer(e,t){let{session:s}=this;if(s)try{let n=await this.desk.api.review(e,t,s.seed);if(this.session!==s)return;s.questions.find(t=>t.en.id===e)?.due||this.count(),this.change({results:{...s.results,[e]:n}},"results"),this.desk.refresh()}catch(e){this.problem={text:m(e),n:(this.problem?.n??0)+1},this.fire("problem")}}count(){let e=ti("new");ta("new",{day:tr(),count:1+(e?.day===tr()?e.count:0)})}open(e){this.session=e,this.serial++,tn("review",e)}change(e,...t){this.session&&(Object.assign(this.session,e),tn("review",this.session),this.tell(),this.asked.length&&t.forEach(e=>this.fire(e)))}async once(e){this.busy||(this.busy=!0,await this.desk.tried(e),this.busy=!1,this.tell())}fire(e){for(let t of[...this.handlers.get(`change:${e}`)??[]])t()}}class tk extends td{desk;runs=[];logs={};opened=new Set;technique="";draft={};problem=null;busy=!1;followed=new Set;constructor(e){super(),this.desk=e}load=async()=>{for(let e of(await this.desk.tried(async()=>{this.runs=await this.desk.api.runs()}),this.runs))"running"===e.status&&this.follow(e.id);this.tell()};choose(e){Object.assign(this,{technique:e,draft:{},problem:null}),this.tell()}enter(e,t){this.draft[e]=t}async start(){await this.once(async()=>{let e=await this.desk.api.start(this.technique,this.given());this.runs=[e,...this.runs],this.opened.add(e.id),this.follow(e.id)})}async stop(e){await this.once(async()=>this.take(await this.desk.api.stop(e)))}async open(e,t){t!==this.opened.has(e)&&(t?(this.opened.add(e),await this.desk.tried(()=>this.readLog(e))):this.opened.delete(e),this.tell())}given(){return Object.fromEntries((this.desk.technique(this.technique)?.knobs??[]).flatMap(({name:e,kind:t,default:s})=>{let n=this.draft[e]?.trim();return void 0===n||n===String(s)?[]:"switch"===t?[[e,"true"===n]]:[[e,"number"==typeof s&&""!==n&&Number.isFinite(Number(n))?Number(n):n]]}))}async readLog(e){this.logs[e]=(await this.desk.api.run(e)).log}async follow(e){if(!this.followed.has(e)){this.followed.add(e);try{for await(let t of this.desk.api.events(e))this.take(t),this.opened.has(e)&&await this.readLog(e),this.tell()}catch(e){this.desk.problem=m(e),this.tell()}finally{this.followed.delete(e)}}}take(e){this.runs=this.runs.map(t=>t.id===e.id?e:t)}async once(e){if(!this.busy){this.busy=!0,this.problem=null,this.tell();try{await e()}catch(e){this.problem=m(e)}this.busy=!1,this.tell()}}}function tg(e,t){if("en"===e||"zh"===e)return e;let s=t?.languageCode??"en";return(s.startsWith("en")?navigator.language:s).toLowerCase().startsWith("zh")?"zh":"en"}var tm=s(525);class tf{commands;constructor(e){this.commands=e}createNew(e,t){let s=[];return t.ready.then(()=>{let t=P(e);if(t&&!e.isDisposed)for(let n of er){if("studykit:colab"===n&&!t.colab)continue;let i=new D.CommandToolbarButton({commands:this.commands,id:n});i.addClass("sk-toolbar"),e.toolbar.insertBefore("spacer",n,i)||e.toolbar.addItem(n,i),s.push(i)}}),new tm.DisposableDelegate(()=>s.forEach(e=>e.dispose()))}}var tb=s(72),tv=s.n(tb),tw=s(825),ty=s.n(tw),tx=s(659),tz=s.n(tx),t$=s(56),tS=s.n(t$),tq=s(540),tC=s.n(tq),tj=s(113),tM=s.n(tj),tT=s(197),tE={};tE.styleTagTransform=tM(),tE.setAttributes=tS(),tE.insert=tz().bind(null,"head"),tE.domAPI=ty(),tE.insertStyleElement=tC(),tv()(tT.A,tE),tT.A&&tT.A.locals&&tT.A.locals;var tA=s(77),tN={};tN.styleTagTransform=tM(),tN.setAttributes=tS(),tN.insert=tz().bind(null,"head"),tN.domAPI=ty(),tN.insertStyleElement=tC(),tv()(tA.A,tN),tA.A&&tA.A.locals&&tA.A.locals;var tO=s(19),tL={};tL.styleTagTransform=tM(),tL.setAttributes=tS(),tL.insert=tz().bind(null,"head"),tL.domAPI=ty(),tL.insertStyleElement=tC(),tv()(tO.A,tL),tO.A&&tO.A.locals&&tO.A.locals;let tI="training-studykit:plugin",tD={id:tI,description:"Syllabus, reviews, mock interviews and runs for studykit.",autoStart:!0,optional:[i.ICommandPalette,a.ILauncher,r.INotebookTracker,o.ISettingRegistry,l.ITranslator,n.ILayoutRestorer],activate:function(e,t,s,n,a,o,d){var c;let u,h=a?.load(tI).catch(()=>null)??Promise.resolve(null),p=(c=e=>void h.then(t=>t?.set("language",e)),{desk:u=new tc(new k(e.serviceManager.serverSettings),c),review:new tp(u),interview:new tu(u),runs:new tk(u)}),{desk:g}=p;g.wishes.lang=tg("auto",o);let b=t=>{t.isAttached||e.shell.add(t,"main"),e.shell.activateById(t.id)},v={open:t=>void async function(e,{notebook:t}){let{contents:s}=e.serviceManager,n=await (async e=>s.get(e,{content:!1}).then(()=>!0,()=>!1))(t)?t:`notebooks/${t}`;await e.commands.execute("docmanager:open",{path:n})}(e,t),review:e=>void p.review.begin(e),run:e=>{p.runs.choose(e),g.go("runs")},result:({id:e,technique:t})=>void g.tried(async()=>b(th(`studykit-${e}`,g.title(t),await g.api.result(e)))),evidence:()=>void e.commands.execute("studykit:evidence")},y=new te(p,v);y.id="studykit-desk",y.title.icon=R,e.shell.add(y,"left",{rank:650});let $=()=>e.shell.activateById(y.id);d?.add(y,"studykit-desk");let S=new i.WidgetTracker({namespace:"studykit-desk"}),q=null;for(let s of(!function(e,t,s,n){let{desk:a}=t,o=e=>e[a.lang],l=(t,s,n,i=!1)=>{e.commands.addCommand(`studykit:${t}`,{label:()=>o(s),caption:()=>o(s),execute:e=>n(e),...i&&{icon:R}})};l("show-panel",H,()=>s.panel()),l("open-desk",J,()=>s.main(),!0),l("review",F,({technique:e})=>(s.panel(),t.review.begin(e??null))),l("interview",U,()=>(s.panel(),a.go("interview"))),l("runs",_,({technique:e})=>{e&&t.runs.choose(e),s.panel(),a.go("runs")}),l("evidence",G,()=>s.evidence()),function(e,t,s){let{desk:n}=t,a=e=>e[n.lang],o=()=>s?.currentWidget??null,l=(t,s,n,r)=>e.commands.addCommand(`studykit:${t}`,{label:()=>a(s),caption:()=>a(n),isEnabled:()=>{let e=P(o());return null!==e&&("colab"!==t||null!==e.colab)},execute:async()=>{let e=o(),t=P(e);if(e&&t)try{await r(e,t.technique)}catch(e){i.Notification.error(a(m(e)))}}});l("check",Y,Z,async e=>{await async function(e){let t=B(e,"drill"),s=B(e,"drill-check"),n=[...t,...s];if(await e.sessionContext.ready,!await async function(e){let t=e.sessionContext.session?.kernel;if(!t)return!1;let{content:s}=await t.requestExecute({code:"",silent:!0,user_expressions:{there:"'lesson' in globals()"}}).done,n=s.user_expressions;return n?.there?.data?.["text/plain"]==="True"}(e)){let t=e.content.widgets.filter(e=>"setup"===e.model.id);n.unshift(...B(e,"bootstrap"),...B(e,"parameters"),...t)}await r.NotebookActions.runCells(e.content,n,e.sessionContext),await W(e,s[0])}(e),await n.refresh()}),l("hint",Q,ee,async(e,t)=>(async function(e,t){let s=w("ol",{"aria-live":"polite"}),n=()=>{let n=t.hints[s.childElementCount];n&&s.append(w("li",{},...z(x(n,e.lang)))),a.hidden=s.childElementCount>=t.hints.length},a=M(x(O,e.lang),n,{class:"jp-Dialog-button jp-mod-styled jp-mod-accept"}),r=new f.Widget;r.addClass("sk-hints"),r.node.append(...t.hints.length?[s,a]:[x(I,e.lang)]),n();let o=`${x(N,e.lang)} \xb7 ${e.title(t.technique)}`;await (0,i.showDialog)({title:o,body:r,buttons:[i.Dialog.cancelButton({label:x(L,e.lang)})],focusNodeSelector:"button"})})(n,await n.api.drill(t))),l("reset",V,et,async(e,t)=>{let s=new Date().toLocaleString("zh"===n.lang?"zh-CN":"en-GB"),r=await async function(e,t,s){let[n]=B(e,"drill"),i=e.content.widgets.findIndex(e=>e===n),{model:a}=e.content;if(!n||!a)return!1;let r=t.blank.trimEnd(),o=n.model.sharedModel.getSource(),l=""!==o.trim()&&o.trimEnd()!==r;return a.sharedModel.transact(()=>{n.model.sharedModel.setSource(r),l&&a.sharedModel.insertCell(i+1,{cell_type:"raw",source:`# ${s}
${o}`,metadata:{}})}),await W(e,n),l}(e,await n.api.drill(t),`${a(en)} ${s}`);i.Notification.info(a(r?ei:ea),{autoClose:4e3})}),l("quiz",K,es,(t,s)=>e.commands.execute("studykit:review",{technique:s})),l("colab",X,X,async e=>{window.open(P(e).colab,"_blank","noopener,noreferrer")})}(e,t,n)}(e,p,{main:()=>{(!q||q.isDisposed)&&((q=new i.MainAreaWidget({content:new te(p,v)})).id="studykit-desk-main",q.toolbar.hide(),Object.assign(q.title,{icon:R,closable:!0}),S.add(q)),b(q),q.isAttached||$()},panel:$,evidence:async()=>{let t=e.commands.label("studykit:evidence");await g.tried(async()=>b(th("studykit-evidence",t,await g.api.evidence())))}},n),d?.restore(S,{command:"studykit:open-desk",name:()=>"desk"}),eo))t?.addItem({command:s,category:"Studykit"});let C=(o??l.nullTranslator).load("jupyterlab").__("Other");s?.add({command:"studykit:open-desk",category:C,rank:0}),e.docRegistry.addWidgetExtension("Notebook",new tf(e.commands)),n?.currentChanged.connect(()=>e.commands.notifyCommandChanged());let{lang:j}=g;y.title.caption=e.commands.label("studykit:open-desk"),g.changed.connect(()=>{var t,s;g.lang!==j&&e.commands.notifyCommandChanged(),j=g.lang,t=y,(s=q)&&!s.isDisposed&&(s.title.label=s.content.title.caption),t.title.label=""}),h.then(e=>{let t;return e&&(t=()=>{let{language:t,dailyLimit:s,newPerDay:n}=e.composite;g.wish({lang:tg(t,o),dailyLimit:Number(s),newPerDay:Number(n)})},void(e.changed.connect(t),t()))}),e.restored.then(()=>Promise.all([g.load(),p.runs.load(),p.interview.load()])),document.addEventListener("visibilitychange",()=>{!document.hidden&&g.loaded&&Promise.all([g.refresh(),p.runs.load()])})}}},197(e,t,s){var n=s(601),i=s.n(n),a=s(314),r=(s.n(a))()(i());r.push([e.id,`/* Colours come from the host: text from its font colour, lines and fills from mixing that, accents from Lab's theme.
   Every widget in a notebook brings this sheet again, after another's own: so what is said here of a bare element must weigh more than
   the host's one class and an element, and less than our own two classes and an element; \`:where\` and \`.sk.sk\` weigh it so. */
.sk {
  --sk-ink: var(--jp-ui-font-color1, inherit);
  --sk-soft: color-mix(in srgb, currentColor 72%, transparent);
  --sk-line: color-mix(in srgb, currentColor 20%, transparent);
  --sk-edge: color-mix(in srgb, currentColor 52%, transparent);
  --sk-tint: color-mix(in srgb, currentColor 5%, transparent);
  --sk-page: var(--jp-layout-color0, Canvas);
  --sk-accent: var(--jp-brand-color1, #1976d2);
  --sk-on-accent: #fff;
  --sk-good: var(--jp-success-color0, #1b5e20);
  --sk-bad: var(--jp-error-color0, #b71c1c);
  --sk-mono: var(--jp-code-font-family, ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace);
  /* Okabe and Ito's palette, told apart with every common colour blindness; darkened to 3:1 on white. */
  --sk-1: #0072b2;
  --sk-2: #c04f00;
  --sk-3: #00805d;
  --sk-4: #a8507f;
  --sk-5: #946200;
  --sk-6: #5b5b5b;
  box-sizing: border-box;
  color: var(--sk-ink);
  container-type: inline-size;
  font: 14px/1.55 var(--jp-ui-font-family, system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif);
  margin: 8px 2px;
  max-width: 860px;
  min-width: 0;
  border: 1px solid var(--sk-line);
  border-radius: 10px;
  padding: 16px 18px;
}
.sk[data-dark="false"] {
  color-scheme: light;
}
.sk[data-dark="true"] {
  color-scheme: dark;
  --sk-accent: var(--jp-brand-color2, #64b5f6);
  --sk-on-accent: #0b1a2a;
  --sk-good: var(--jp-success-color2, #81c784);
  --sk-bad: var(--jp-error-color2, #e57373);
  --sk-1: #56b4e9;
  --sk-2: #f0883e;
  --sk-3: #2fc79a;
  --sk-4: #e29ac0;
  --sk-5: #e6b93f;
  --sk-6: #b5b5b5;
}
:where(.sk) *,
:where(.sk) *::before,
:where(.sk) *::after {
  box-sizing: border-box;
}
:where(.sk) :is(p, h3, ul, ol, fieldset, pre) {
  margin: 0;
  padding: 0;
}
:where(.sk) p + p {
  margin-top: 8px;
}
:where(.sk) h3 {
  font-size: 16px;
  font-weight: 600;
  line-height: 1.35;
  color: inherit;
}
.sk [hidden] {
  display: none;
}
.sk.sk :where(code) {
  font: 0.93em var(--sk-mono);
  background: var(--sk-tint);
  border-radius: 4px;
  padding: 1px 4px;
  color: inherit;
}
.sk-unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}

.sk-head {
  display: flex;
  align-items: flex-start;
  justify-content: space-between;
  gap: 12px;
  margin-bottom: 12px;
}
.sk-head > :first-child {
  min-width: 0;
  overflow-wrap: anywhere;
}
.sk-languages {
  display: flex;
  flex: none;
  border: 1px solid var(--sk-line);
  border-radius: 7px;
  overflow: hidden;
}
.sk-languages:focus-within {
  overflow: visible;
}
.sk.sk :where(button) {
  font: inherit;
  font-size: 14px;
  line-height: 20px;
  color: inherit;
  cursor: pointer;
  background: none;
  border: 1px solid var(--sk-edge);
  border-radius: 7px;
  padding: 5px 14px;
  min-height: 32px;
}
.sk.sk :where(button:hover:not(:disabled)) {
  background: var(--sk-tint);
}
.sk.sk :where(button:disabled) {
  cursor: default;
  color: var(--sk-soft);
  border-color: var(--sk-line);
}
.sk .sk-languages button {
  border: 0;
  border-radius: 6px;
  padding: 1px 9px;
  min-height: 26px;
  font-size: 12px;
  color: var(--sk-soft);
}
.sk .sk-languages button[aria-pressed="true"] {
  background: color-mix(in srgb, currentColor 12%, transparent);
  color: var(--sk-ink);
  font-weight: 600;
}
.sk button.sk-main {
  background: var(--sk-accent);
  border-color: var(--sk-accent);
  color: var(--sk-on-accent);
  font-weight: 600;
}
.sk button.sk-main:hover:not(:disabled) {
  filter: brightness(1.08);
}
.sk button.sk-main:is(:disabled, [aria-disabled="true"]) {
  background: var(--sk-tint);
  border-color: var(--sk-line);
  color: var(--sk-soft);
}
.sk button.sk-quiet {
  border-color: var(--sk-line);
}
.sk.sk :where(button, input, select, textarea, [tabindex="0"]):focus-visible {
  outline: 2px solid var(--sk-accent);
  outline-offset: 2px;
}
.sk.sk :where(input) {
  accent-color: var(--sk-accent);
  margin: 0;
}
/* Drawn here, because the browser greys a disabled one until what was chosen can't be told from the rest. */
.sk.sk :where(input:is([type="radio"], [type="checkbox"])) {
  appearance: none;
  width: 17px;
  height: 17px;
  flex: none;
  display: inline-grid;
  place-items: center;
  background: var(--sk-page);
  border: 1.5px solid var(--sk-edge);
  border-radius: 50%;
}
.sk.sk :where(input[type="checkbox"]) {
  border-radius: 4px;
}
.sk.sk :where(input:checked) {
  border-color: var(--sk-accent);
}
.sk.sk :where(input[type="radio"]:checked) {
  border-width: 5px;
}
.sk.sk :where(input[type="checkbox"]:checked) {
  background: var(--sk-accent);
}
.sk.sk :where(input[type="checkbox"]:checked)::before {
  content: "✓";
  font: 700 12px/1 sans-serif;
  color: var(--sk-on-accent);
}
.sk.sk :where(select, textarea, input[type="text"]) {
  font: inherit;
  color: inherit;
  background: var(--sk-page);
  border: 1px solid var(--sk-edge);
  border-radius: 7px;
  padding: 5px 9px;
  min-height: 32px;
  max-width: 100%;
}
.sk.sk :where(option) {
  color: FieldText;
  background: Field;
}
.sk-actions {
  display: flex;
  flex-wrap: wrap;
  gap: 8px;
  align-items: center;
  margin-top: 14px;
}
.sk-gap {
  flex: 1;
}
.sk-good {
  --sk-said: var(--sk-good);
}
.sk-bad {
  --sk-said: var(--sk-bad);
}
.sk-verdict {
  display: flex;
  gap: 10px;
  border-left: 3px solid var(--sk-said);
  background: color-mix(in srgb, var(--sk-said) 7%, transparent);
  border-radius: 0 8px 8px 0;
  padding: 10px 14px;
  margin-top: 14px;
  overflow-wrap: anywhere;
}
.sk-verdict > div {
  min-width: 0;
}
.sk-verdict > div > :first-child {
  font-weight: 600;
}
.sk .sk-verdict p + :is(p, pre) {
  margin-top: 4px;
}
.sk-verdict .sk-icon {
  color: var(--sk-said);
  font-weight: 700;
  line-height: 1.55;
}

@container (max-width: 420px) {
  .sk-actions > button {
    flex: 1 1 auto;
  }
  .sk-gap {
    display: none;
  }
}
@media (max-width: 480px) {
  .sk {
    padding: 12px;
  }
}
@media (forced-colors: active) {
  .sk .sk-languages button[aria-pressed="true"] {
    text-decoration: underline;
  }
  .sk.sk :where(input) {
    appearance: auto;
  }
}
`,""]),s.d(t,{},{A:r})},77(e,t,s){var n=s(601),i=s.n(n),a=s(314),r=(s.n(a))()(i());r.push([e.id,`.sk-dots {
  display: flex;
  flex-wrap: wrap;
  list-style: none;
  gap: 0;
  margin-left: -6px;
}
.sk .sk-dots button {
  width: 26px;
  min-height: 26px;
  height: 26px;
  padding: 0;
  border: 0;
  border-radius: 50%;
  display: grid;
  place-items: center;
}
.sk .sk-dots button:hover {
  background: none;
}
.sk-dots span {
  display: grid;
  place-items: center;
  width: 16px;
  height: 16px;
  border-radius: 50%;
  border: 1.5px solid var(--sk-edge);
  font-size: 10px;
  font-weight: 700;
  line-height: 1;
}
.sk-dots [aria-current] span {
  outline: 2px solid var(--sk-accent);
  outline-offset: 2px;
}
.sk-dots .sk-good span {
  background: var(--sk-good);
  border-color: var(--sk-good);
  color: var(--sk-page);
}
.sk-dots .sk-bad span {
  border-color: var(--sk-bad);
  color: var(--sk-bad);
}
.sk-place {
  color: var(--sk-soft);
  font-size: 13px;
  margin-bottom: 4px;
}
.sk fieldset {
  border: 0;
  min-width: 0;
}
.sk legend,
.sk-prompt {
  font-size: 15.5px;
  line-height: 1.5;
  padding: 0;
  margin-bottom: 10px;
  width: 100%;
  color: inherit;
  overflow-wrap: anywhere;
}
.sk-how {
  color: var(--sk-soft);
  font-size: 13px;
  margin-bottom: 6px;
}
.sk-option {
  display: flex;
  gap: 10px;
  align-items: flex-start;
  border: 1px solid var(--sk-line);
  border-radius: 8px;
  padding: 9px 12px;
  margin-bottom: 7px;
  cursor: pointer;
  overflow-wrap: anywhere;
}
.sk .sk-option input {
  margin-top: 3px;
}
.sk-letter {
  flex: none;
  white-space: nowrap;
  color: var(--sk-soft);
  font-variant-numeric: tabular-nums;
}
.sk-option:has(:checked) {
  border-color: var(--sk-accent);
  background: color-mix(in srgb, var(--sk-accent) 9%, transparent);
}
.sk fieldset:not(:disabled) .sk-option:hover {
  border-color: var(--sk-edge);
}
.sk fieldset:disabled :is(.sk-option, .sk-code-line) {
  cursor: default;
}
.sk-code {
  overflow-x: auto;
  border: 1px solid var(--sk-line);
  border-radius: 8px;
  background: var(--sk-tint);
  margin-bottom: 12px;
  padding: 6px 0;
  font: 13px/1.55 var(--sk-mono);
}
.sk-code-line {
  display: flex;
  gap: 10px;
  align-items: center;
  min-width: max-content;
  padding: 0 14px 0 10px;
  white-space: pre;
}
label.sk-code-line {
  cursor: pointer;
  padding-block: 2px;
}
label.sk-code-line:hover {
  background: var(--sk-tint);
}
.sk-code-line:has(:checked) {
  background: color-mix(in srgb, var(--sk-accent) 16%, transparent);
}
.sk-code-line .sk-number {
  color: var(--sk-soft);
  min-width: 2ch;
  text-align: right;
  user-select: none;
}
.sk-field {
  display: grid;
  gap: 4px;
  justify-items: start;
}
.sk-field > span:first-child {
  color: var(--sk-soft);
  font-size: 13px;
}
.sk-field textarea {
  width: 100%;
  resize: vertical;
  line-height: 1.5;
}
.sk .sk-field .sk-mono {
  font: 13px/1.55 var(--sk-mono);
  white-space: pre;
}
.sk-with-unit {
  display: flex;
  gap: 8px;
  align-items: center;
  flex-wrap: wrap;
}
.sk-with-unit input {
  width: 12em;
  font-variant-numeric: tabular-nums;
}
.sk .sk-steps {
  list-style: none;
}
.sk-steps li {
  display: flex;
  align-items: center;
  gap: 10px;
  border: 1px solid var(--sk-line);
  border-radius: 8px;
  padding: 6px 8px 6px 12px;
  margin-bottom: 7px;
  overflow-wrap: anywhere;
}
.sk-steps .sk-number {
  color: var(--sk-soft);
}
.sk-steps li > :nth-child(3) {
  flex: 1;
  min-width: 0;
}
.sk .sk-steps button {
  padding: 0;
  width: 32px;
  flex: none;
  border-color: var(--sk-line);
}
.sk-problem {
  color: var(--sk-bad);
  margin-top: 10px;
  overflow-wrap: anywhere;
}
.sk-actions .sk-place {
  margin: 0;
}
.sk-said:focus {
  outline: none;
}
`,""]),s.d(t,{},{A:r})},19(e,t,s){var n=s(601),i=s.n(n),a=s(314),r=(s.n(a))()(i());r.push([e.id,`/* The panel is 280 pixels wide and more; the same rules hold it in the main area. Colours are those of widgets/base.css. */
.sk-desk-host {
  overflow: auto;
  background: var(--jp-layout-color1);
  min-width: 260px;
}
.sk.sk-desk {
  border: 0;
  border-radius: 0;
  margin: 0 auto;
  padding: 12px;
  font-size: 13px;
}
.sk.sk-desk :where(.sk-main, .sk-quiet) {
  font-size: 13px;
}
.sk-desk .sk-name {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 8px;
}
.sk-desk h2 {
  font-size: 16px;
  font-weight: 600;
  margin: 0;
}
.sk-desk h3 {
  font-size: 14px;
  margin: 16px 0 6px;
}
.sk-desk h4 {
  font-size: 13px;
  font-weight: 600;
  margin: 0;
}
.sk-desk nav {
  display: flex;
  flex-wrap: wrap;
  column-gap: 1px;
  margin: 10px 0 12px;
  border-bottom: 1px solid var(--sk-line);
}
.sk.sk-desk button.sk-tab {
  font-size: 12.5px;
  border: 0;
  border-bottom: 2px solid transparent;
  border-radius: 4px 4px 0 0;
  padding: 4px;
}
.sk.sk-desk button.sk-tab[aria-current] {
  border-bottom-color: var(--sk-accent);
  font-weight: 600;
}
.sk-desk .sk-languages button {
  border: 0;
  border-radius: 6px;
  padding: 2px 8px;
  min-height: 26px;
  font-size: 12px;
}
.sk-desk .sk-languages button[aria-pressed="true"] {
  background: var(--sk-accent);
  color: var(--sk-on-accent);
}
.sk-soft {
  color: var(--sk-soft);
  overflow-wrap: anywhere;
}
.sk-desk .sk-card {
  border: 1px solid var(--sk-line);
  border-radius: 8px;
  padding: 10px 12px;
  margin-bottom: 10px;
  list-style: none;
}
.sk-desk .sk-card > :is(h3, h4) {
  margin: 0 0 4px;
}
.sk-today > button {
  margin-top: 10px;
}
.sk-finder {
  display: grid;
  gap: 8px;
  margin: 12px 0;
}
.sk.sk-desk :is(input[type="search"], input[type="text"], input[type="number"], select, textarea) {
  width: 100%;
  font-size: 13px;
  color: inherit;
  background: var(--sk-page);
  border: 1px solid var(--sk-edge);
  border-radius: 7px;
  padding: 5px 9px;
  min-height: 32px;
}
.sk.sk-desk .sk-with-unit input {
  width: 12em;
}
.sk-choices {
  display: flex;
  flex-wrap: wrap;
  gap: 6px;
}
.sk.sk-desk button.sk-choice,
.sk.sk-desk button.sk-small {
  font-size: 12px;
  border-color: var(--sk-line);
  min-height: 26px;
  padding: 1px 9px;
}
.sk-desk .sk-small {
  white-space: nowrap;
}
.sk-ways {
  display: inline-flex;
  gap: 6px;
}
.sk.sk-desk button.sk-choice[aria-pressed="true"] {
  border-color: var(--sk-accent);
  background: color-mix(in srgb, var(--sk-accent) 12%, transparent);
  font-weight: 600;
}
.sk-desk summary {
  cursor: pointer;
  padding: 4px 0;
  border-radius: 4px;
}
.sk-desk summary:focus-visible {
  outline: 2px solid var(--sk-accent);
  outline-offset: 2px;
}
.sk-syllabus > details {
  border-top: 1px solid var(--sk-line);
  padding: 4px 0;
}
.sk-syllabus .sk-tier {
  font-weight: 600;
  margin-right: 10px;
}
.sk-syllabus summary .sk-bar {
  display: inline-flex;
  vertical-align: middle;
}
.sk-desk :is(.sk-syllabus ul, .sk-list) {
  list-style: none;
}
.sk-row {
  padding: 5px 0 7px;
}
.sk.sk-desk button.sk-title {
  font-size: 13px;
  border: 0;
  padding: 2px 4px;
  margin-left: -4px;
  min-height: 26px;
  text-align: left;
  width: 100%;
  overflow-wrap: anywhere;
}
.sk.sk-desk button.sk-title:hover {
  text-decoration: underline;
}
.sk-state {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 4px 8px;
  font-size: 12px;
}
.sk-memory {
  margin: 6px 0 2px;
  max-width: 420px;
}
.sk-memory svg {
  display: block;
  width: 100%;
  height: auto;
}
.sk-memory text {
  font-size: 10.5px;
  fill: var(--sk-soft);
}
.sk-memory .sk-rule {
  stroke: var(--sk-line);
}
.sk-memory .sk-today-line {
  stroke: var(--sk-edge);
  stroke-dasharray: 3 3;
}
.sk-memory .sk-foreseen {
  fill: none;
  stroke: var(--sk-1);
  stroke-width: 2;
}
.sk-memory .sk-past {
  fill: var(--sk-2);
  stroke: var(--sk-page);
}
.sk-memory figcaption {
  font-size: 12px;
  color: var(--sk-soft);
}
.sk-due {
  font-weight: 600;
}
.sk-bar {
  display: inline-flex;
  align-items: center;
  gap: 6px;
  font-size: 12px;
  font-variant-numeric: tabular-nums;
}
.sk-track {
  display: inline-block;
  width: 64px;
  height: 6px;
  flex: none;
  border-radius: 3px;
  background: color-mix(in srgb, currentColor 18%, transparent);
  overflow: hidden;
}
.sk-track > span {
  display: block;
  height: 100%;
  background: var(--sk-accent);
}
.sk-share {
  color: var(--sk-soft);
  white-space: nowrap;
}
.sk-desk .sk-quiz {
  border: 0;
  margin: 0;
  padding: 0;
  max-width: none;
}
/* The desk has its own switch of languages. */
.sk-desk .sk-quiz .sk-languages {
  display: none;
}
.sk-desk .sk-below {
  border-top: 1px solid var(--sk-line);
  padding-top: 12px;
}
.sk-fields {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(108px, 1fr));
  gap: 10px;
  align-items: start;
  margin: 8px 0;
}
.sk-desk .sk-field {
  justify-items: stretch;
  min-width: 0;
}
.sk-hint {
  font-size: 12px;
  color: var(--sk-soft);
}
.sk-check {
  display: flex;
  gap: 8px;
  align-items: center;
}
.sk-desk .sk-problem:empty {
  display: none;
}
.sk-status {
  font-weight: 600;
}
.sk-runs .sk-track {
  width: 120px;
}
.sk-code-like,
.sk-desk .sk-listing {
  font: 12px/1.5 var(--sk-mono);
}
.sk-desk .sk-listing {
  background: var(--sk-tint);
  color: inherit;
  border: 1px solid var(--sk-line);
  border-radius: 6px;
  padding: 8px;
  margin: 6px 0;
  max-height: 320px;
  overflow: auto;
  white-space: pre;
}
.sk-line {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 8px;
  padding: 4px 0;
}
.sk-time {
  display: flex;
  justify-content: space-between;
  gap: 8px;
}
.sk-clock {
  color: var(--sk-soft);
  font-variant-numeric: tabular-nums;
}
.sk-turn {
  border-top: 1px solid var(--sk-line);
}
.sk-turn > summary {
  color: var(--sk-soft);
  overflow-wrap: anywhere;
}
.sk-given {
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
.sk-note,
.sk-finding {
  border-left: 3px solid var(--sk-line);
  padding: 2px 0 2px 10px;
  margin: 10px 0;
}
.sk-finding {
  border-left-color: var(--sk-bad);
}
.sk-quote {
  color: var(--sk-soft);
  overflow-wrap: anywhere;
}
.sk-quote mark {
  background: color-mix(in srgb, var(--sk-bad) 16%, transparent);
  color: var(--sk-ink);
  text-decoration: underline wavy var(--sk-bad);
  text-underline-offset: 3px;
}
.sk.sk-desk button.sk-link {
  border: 0;
  text-decoration: underline;
  padding: 2px 0;
  min-height: 26px;
  text-align: left;
}
.sk-interview textarea {
  resize: vertical;
}
.sk-page,
.sk-page iframe {
  width: 100%;
  height: 100%;
  border: 0;
}
.sk-page iframe {
  background: #fff;
}
.sk-hints ol {
  margin: 0 0 12px;
  padding-left: 20px;
  max-width: 46em;
}
.sk-hints li {
  margin-bottom: 8px;
}
`,""]),s.d(t,{},{A:r})},314(e){e.exports=function(e){var t=[];return t.toString=function(){return this.map(function(t){var s="",n=void 0!==t[5];return t[4]&&(s+="@supports (".concat(t[4],") {")),t[2]&&(s+="@media ".concat(t[2]," {")),n&&(s+="@layer".concat(t[5].length>0?" ".concat(t[5]):""," {")),s+=e(t),n&&(s+="}"),t[2]&&(s+="}"),t[4]&&(s+="}"),s}).join("")},t.i=function(e,s,n,i,a){"string"==typeof e&&(e=[[null,e,void 0]]);var r={};if(n)for(var o=0;o<this.length;o++){var l=this[o][0];null!=l&&(r[l]=!0)}for(var d=0;d<e.length;d++){var c=[].concat(e[d]);n&&r[c[0]]||(void 0!==a&&(void 0===c[5]||(c[1]="@layer".concat(c[5].length>0?" ".concat(c[5]):""," {").concat(c[1],"}")),c[5]=a),s&&(c[2]&&(c[1]="@media ".concat(c[2]," {").concat(c[1],"}")),c[2]=s),i&&(c[4]?(c[1]="@supports (".concat(c[4],") {").concat(c[1],"}"),c[4]=i):c[4]="".concat(i)),t.push(c))}},t}},601(e){e.exports=function(e){return e[1]}},72(e){var t=[];function s(e){for(var s=-1,n=0;n<t.length;n++)if(t[n].identifier===e){s=n;break}return s}function n(e,n){for(var i={},a=[],r=0;r<e.length;r++){var o=e[r],l=n.base?o[0]+n.base:o[0],d=i[l]||0,c="".concat(l," ").concat(d);i[l]=d+1;var u=s(c),h={css:o[1],media:o[2],sourceMap:o[3],supports:o[4],layer:o[5]};if(-1!==u)t[u].references++,t[u].updater(h);else{var p=function(e,t){var s=t.domAPI(t);return s.update(e),function(t){t?(t.css!==e.css||t.media!==e.media||t.sourceMap!==e.sourceMap||t.supports!==e.supports||t.layer!==e.layer)&&s.update(e=t):s.remove()}}(h,n);n.byIndex=r,t.splice(r,0,{identifier:c,updater:p,references:1})}a.push(c)}return a}e.exports=function(e,i){var a=n(e=e||[],i=i||{});return function(e){e=e||[];for(var r=0;r<a.length;r++){var o=s(a[r]);t[o].references--}for(var l=n(e,i),d=0;d<a.length;d++){var c=s(a[d]);0===t[c].references&&(t[c].updater(),t.splice(c,1))}a=l}}},659(e){var t={};e.exports=function(e,s){var n=function(e){if(void 0===t[e]){var s=document.querySelector(e);if(window.HTMLIFrameElement&&s instanceof window.HTMLIFrameElement)try{s=s.contentDocument.head}catch(e){s=null}t[e]=s}return t[e]}(e);if(!n)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");n.appendChild(s)}},540(e){e.exports=function(e){var t=document.createElement("style");return e.setAttributes(t,e.attributes),e.insert(t,e.options),t}},56(e,t,s){e.exports=function(e){var t=s.nc;t&&e.setAttribute("nonce",t)}},825(e){e.exports=function(e){if("u"<typeof document)return{update:function(){},remove:function(){}};var t=e.insertStyleElement(e);return{update:function(s){var n,i,a;n="",s.supports&&(n+="@supports (".concat(s.supports,") {")),s.media&&(n+="@media ".concat(s.media," {")),(i=void 0!==s.layer)&&(n+="@layer".concat(s.layer.length>0?" ".concat(s.layer):""," {")),n+=s.css,i&&(n+="}"),s.media&&(n+="}"),s.supports&&(n+="}"),(a=s.sourceMap)&&"u">typeof btoa&&(n+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(a))))," */")),e.styleTagTransform(n,t,e.options)},remove:function(){var e;null===(e=t).parentNode||e.parentNode.removeChild(e)}}}},113(e){e.exports=function(e,t){if(t.styleSheet)t.styleSheet.cssText=e;else{for(;t.firstChild;)t.removeChild(t.firstChild);t.appendChild(document.createTextNode(e))}}}}]);