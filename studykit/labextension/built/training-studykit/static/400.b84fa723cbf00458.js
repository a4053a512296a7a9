"use strict";(self.rspackChunktraining_studykit=self.rspackChunktraining_studykit||[]).push([[400],{419(e,t,s){s.r(t),s.d(t,{default:()=>tS});var n=s(369),i=s(2),a=s(177),r=s(542),o=s(338),l=s(698),d=s(901),c=s(904);let u={en:"The Jupyter server does not answer. Start it again; what you did is kept.",zh:"Jupyter 服务没有响应，请重新启动；已有的进度都还在。"},h={en:"This Jupyter server runs without studykit. Start it by `python3 -m studykit lab`.",zh:"当前的 Jupyter 服务没有加载 studykit，请用 `python3 -m studykit lab` 启动。"};class p extends Error{text;status;constructor(e,t){super(e.en),this.text=e,this.status=t}}class k{settings;constructor(e){this.settings=e}catalog=()=>this.ask("catalog");progress=()=>this.ask("progress");due=(e,t,s)=>this.ask(`due${d.URLExt.objectToQueryString({limit:e,new:t,...s&&{technique:s}})}`);review=(e,t,s)=>this.ask("reviews","POST",{question:e,given:t,seed:s});undo=e=>this.ask("reviews/undo","POST",{event:e});suspend=(e,t)=>this.ask("reviews/suspend","POST",{question:e,suspended:t});drill=e=>this.ask(`drills/${e}`);runs=async()=>(await this.ask("runs")).runs;run=e=>this.ask(`runs/${e}`);start=(e,t)=>this.ask("runs","POST",{technique:e,parameters:t});stop=e=>this.ask(`runs/${e}`,"DELETE");result=e=>this.text(`runs/${e}/result`);evidence=()=>this.text("evidence");interviews=async()=>(await this.ask("interviews")).interviews;begin=e=>this.ask("interviews","POST",e);interview=e=>this.ask(`interviews/${e}`);answer=(e,t,s)=>this.ask(`interviews/${e}/answers`,"POST",{given:t,seconds:s});finish=e=>this.ask(`interviews/${e}/finish`,"POST",{});report=(e,t)=>this.text(`interviews/${e}/report?format=${t}`);async *events(e){let t=(await this.request(`runs/${e}/events`)).body.pipeThrough(new TextDecoderStream).getReader(),s="";for(;;){let{done:e,value:n}=await t.read().catch(()=>{throw new p(u,0)});if(e)return;let i=(s+n).split("\n");for(let e of(s=i.pop(),i))e&&(yield JSON.parse(e))}}async ask(e,t="GET",s){return await (await this.request(e,t,s)).json()}async text(e){return(await this.request(e)).text()}async request(e,t="GET",s){let n,i=d.URLExt.join(this.settings.baseUrl,"studykit",e),a={method:t,...void 0!==s&&{body:JSON.stringify(s)}};try{n=await c.ServerConnection.makeRequest(i,a,this.settings)}catch{throw new p(u,0)}if(n.ok)return n;let r=await n.json().catch(()=>({})),o="string"==typeof r.remedy?String(r.message):"";throw new p(o?{en:o,zh:o}:404===n.status?h:g(n),n.status)}}let g=({status:e,statusText:t})=>({en:`The server refused: ${e} ${t}.`,zh:`服务拒绝了请求：${e} ${t}。`});function f(e){return e instanceof p?e.text:(console.error(e),{en:`studykit met an error of its own: ${e}`,zh:`studykit 自身出错：${e}`})}var m=s(660);let b=["input","select","textarea","button"];function v(e,t={},...s){let n=b.includes(e)?{"data-lm-suppress-shortcuts":"true"}:{};var i=document.createElement(e);for(let[e,s]of Object.entries({...n,...t}))null!=s&&!1!==s&&(e.startsWith("on")?i.addEventListener(e.slice(2),s):i.setAttribute(e,!0===s?"":s));return i.append(...s.flat().filter(e=>null!=e&&!1!==e)),i}let w=(e,t)=>"string"==typeof e?e:e?.[t]??"";function y(e){let t=e=>e.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map(e=>/^`[^`]+`$/.test(e)?v("code",{},e.slice(1,-1)):/^\*\*[^*]+\*\*$/.test(e)?v("strong",{},e.slice(2,-2)):e);return e.trim().split(/\n\s*\n/).map(e=>v("p",{},...e.split("\n").flatMap((e,s)=>s?[v("br"),...t(e)]:t(e))))}function x(e,t){for(let[s,n]of Object.entries(t))e.set(s,n);e.save_changes()}function z(e,t){let s=v("div",{class:`sk ${t}`});e.append(s);let n=()=>{let[e,t,n]=getComputedStyle(s).color.match(/[\d.]+/g).map(Number);s.dataset.dark=String(.299*e+.587*t+.114*n>140)},i=new MutationObserver(n);for(let e of[document.documentElement,document.body])i.observe(e,{attributes:!0});return requestAnimationFrame(n),{widget:s,release:()=>i.disconnect()}}function $(e,t,s){for(let n of t)e.on(`change:${n}`,s);return()=>t.forEach(t=>e.off(`change:${t}`,s))}function S(e,...t){let s=document.activeElement,n=s instanceof HTMLElement&&e.contains(s)?s.dataset.key:void 0,i=s instanceof HTMLInputElement&&"search"===s.type?s.selectionStart:null;if(e.replaceChildren(...t.filter(e=>!!e)),!n)return;let a=e.querySelector(`[data-key="${CSS.escape(n)}"]`);a?.focus(),null!==i&&a instanceof HTMLInputElement&&a.setSelectionRange(i,i)}function q(e){return e.split(/^```[^\n]*\n?/m).flatMap((e,t)=>e.trim()?t%2?[v("pre",{class:"sk-listing",tabindex:"0"},e.trimEnd())]:y(e):[])}function C(e,t,s={}){return v("button",{type:"button",class:s.class??"sk-quiet","data-key":s.key,"aria-label":s.label,title:s.label,"aria-pressed":void 0===s.pressed?null:String(s.pressed),disabled:s.disabled,onclick:t},e)}function j(e,t,s=`${Math.round(100*e)} %`){let n=Math.round(100*e),i=v("span",{class:"sk-track",role:"progressbar","aria-label":t,"aria-valuemin":0,"aria-valuemax":100,"aria-valuenow":n,"aria-valuetext":s},v("span",{style:`width: ${n}%`}));return v("span",{class:"sk-bar"},i,v("span",{class:"sk-share","aria-hidden":"true"},s))}function T(e,t,s=""){return t.setAttribute("aria-label",s?`${e}: ${s}`:e),v("label",{class:"sk-field"},v("span",{},e),t,s&&v("span",{class:"sk-hint"},s))}function M(e,t,s,n){let i=v("select",{"data-key":n,onchange:()=>s(i.value)},...e.map(([e,s])=>v("option",{value:e,selected:e===t},s)));return i}let E={en:"Hints",zh:"提示"},A={en:"Next hint",zh:"下一条提示"},N={en:"Close",zh:"关闭"},L={en:"This drill has no hints.",zh:"这道题没有提示。"};var O=s(256);let I=new O.LabIcon({name:"studykit:desk",svgstr:'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16"><path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M12 6.2C10.2 4.8 7.6 4 4.5 4H3v14.2h1.5c2.9 0 5.2.7 6.7 2l.8.7.8-.7c1.5-1.3 3.8-2 6.7-2H21V4h-1.5c-3.1 0-5.7.8-7.5 2.2zm-1 11.4c-1.6-.9-3.6-1.4-6-1.5V6c2.7.2 4.8.9 6 2.1zm8-1.5c-2.4.1-4.4.6-6 1.5V8.1C14.2 6.9 16.3 6.2 19 6z"/></svg>'});function D(e){let t=e?.model?.getMetadata("studykit");if("string"!=typeof t?.technique)return null;let s="string"==typeof t.colab&&t.colab.startsWith("https://colab.research.google.com/");return{technique:t.technique,colab:s?t.colab:null}}let R=(e,t)=>e.content.widgets.filter(e=>(e.model.getMetadata("tags")??[]).includes(t));async function P(e,t){let s=e.content.widgets.findIndex(e=>e===t);s<0||(e.content.activeCellIndex=s,await e.content.scrollToItem(s,"smart"))}let B={en:"Show the study desk",zh:"打开学习台侧栏"},W={en:"Study desk",zh:"学习台"},H={en:"Start a review",zh:"开始复习"},J={en:"Mock interview",zh:"模拟面试"},U={en:"Run an experiment",zh:"运行实验"},_={en:"Evidence of all experiments",zh:"全部实验的证据"},F={en:"Check",zh:"检查"},G={en:"Hint",zh:"提示"},Y={en:"Reset",zh:"重置"},Q={en:"Quiz",zh:"测验"},V={en:"Open in Colab",zh:"在 Colab 打开"},K={en:"Run your solution and have it judged",zh:"运行你的解答并评判"},X={en:"Hints for the drill, one at a time",zh:"逐条查看手写题的提示"},Z={en:"Put the blank back; your code is kept in a cell below",zh:"恢复空白题面；你的代码会保留在下方单元格"},ee={en:"Review the questions of this technique",zh:"做这项技术的题目"},et={en:"kept",zh:"保留于"},es={en:"Your code is kept in the cell below the drill.",zh:"你的代码保留在手写题下方的单元格里。"},en={en:"The drill was blank already.",zh:"题面本来就是空白的。"},ei=["studykit:check","studykit:hint","studykit:reset","studykit:quiz","studykit:colab"],ea=["studykit:show-panel","studykit:open-desk","studykit:review","studykit:interview","studykit:runs","studykit:evidence",...ei],er={report:{en:"Report",zh:"面试报告"},layers:{en:"Layers of the answer",zh:"回答的三个层次"},algorithm:{en:"algorithm",zh:"算法"},data:{en:"data",zh:"数据"},engineering:{en:"engineering",zh:"工程"},covered:{en:"covered",zh:"讲到了"},lacking:{en:"not mentioned",zh:"没有提到"},findings:{en:"To be corrected",zh:"需要更正的说法"},clean:{en:"No known false or outdated statement was found. What the ledger does not have was not checked.",zh:"没有发现已知的错误或过时说法。事实表以外的内容没有核对。"},wrong:{en:"wrong",zh:"错误"},outdated:{en:"outdated",zh:"过时"},qualified:{en:"true only under its condition",zh:"只在一定条件下成立"},unverifiable:{en:"without a source",zh:"查无出处"},source:{en:"Source",zh:"出处"},missing:{en:"Not mentioned",zh:"没有提到的内容"},drills:{en:"Code",zh:"代码"},found:{en:"the bug was found",zh:"找到了 bug"},overlooked:{en:"the bug was not found",zh:"没有找到 bug"},next:{en:"Go on with",zh:"接下来学"},markdown:{en:"Save as Markdown",zh:"存为 Markdown"},html:{en:"Save as HTML",zh:"存为 HTML"}},{wrong:eo,outdated:el,qualified:ed,unverifiable:ec}=er,eu={wrong:eo,outdated:el,qualified:ed,unverifiable:ec},eh={heading:{en:"Mock interview",zh:"模拟面试"},intro:{en:"One broad question, follow-ups, and code to write. Wrong statements are told at the end, with their sources.",zh:"先问一个大问题，再追问，还要写代码。说错的地方最后会逐条指出，并附出处。"},minutes:{en:"Minutes (5–90)",zh:"时长（5–90 分钟）"},level:{en:"Level",zh:"难度"},screen:{en:"phone screen",zh:"电话面试"},onsite:{en:"on-site",zh:"现场面试"},expert:{en:"expert",zh:"专家"},lang:{en:"Spoken in",zh:"面试语言"},focus:{en:"About",zh:"范围"},all:{en:"everything",zh:"全部"},begin:{en:"Begin",zh:"开始面试"},earlier:{en:"Earlier interviews",zh:"以往的面试"},open:{en:"Report",zh:"看报告"},resume:{en:"Go on",zh:"继续"},answer:{en:"Your answer",zh:"你的回答"},code:{en:"Your code",zh:"你的代码"},send:{en:"Answer",zh:"提交回答"},sending:{en:"Listening …",zh:"正在听……"},finish:{en:"Finish now",zh:"提前结束"},leave:{en:"Back to the settings",zh:"返回设置"},time:{en:"Time",zh:"用时"},you:{en:"You",zh:"你"}},ep={en:"Your answer",zh:"你的回答"},ek={en:"What it prints",zh:"打印结果"},eg={en:"Move up",zh:"上移"},ef={en:"Move down",zh:"下移"},em={en:"Choose all that are right.",zh:"选出所有正确的选项。"},eb={single:ey,multiple:ey,numeric:function(e,t,s){let n=v("input",{type:"text",inputmode:"text",autocomplete:"off",spellcheck:"false",value:t.given??"",oninput:()=>t.given=n.value}),i=v("label",{class:"sk-field"},v("span",{},w(ep,s)),v("span",{class:"sk-with-unit"},n,e.unit));return[ev(e),ew(e.code),i]},predict:function(e,t,s){return ez(e,t,w(ek,s),"sk-mono",3)},bug:function(e,t,s){let n=e.code.trimEnd().split("\n").map((e,s)=>v("label",{class:"sk-code-line"},v("input",{type:"radio",name:"answer",value:s+1,checked:Number(t.given)===s+1,onchange:()=>t.given=String(s+1)}),v("span",{class:"sk-number"},s+1),v("span",{},e||" ")));return[ev(e),v("div",{class:"sk-code"},...n)]},order:function(e,t,s){let n=new Map(e.steps.map(e=>[e.id,e.text]));t.given??=[...n.keys()].join(",");let i=v("ol",{class:"sk-steps"}),a=v("p",{class:"sk-unseen","aria-live":"polite"}),r=()=>i.replaceChildren(...t.given.split(",").map(l)),o=(e,o,l,d,c)=>v("button",{type:"button","aria-label":`${w(d,s)}: ${n.get(e)}`,disabled:!(l+o>=0&&l+o<n.size),onclick:()=>{let l,d,c,u,h,p;d=(l=t.given.split(",")).indexOf(e),l.splice(d+o,0,...l.splice(d,1)),t.given=l.join(","),r(),c=[...i.children[d+o].querySelectorAll("button")],(o<0?c:c.reverse()).find(e=>!e.disabled).focus(),a.textContent=w((u=n.get(e),h=d+o+1,p=l.length,{en:`${u}: place ${h} of ${p}`,zh:`${u}：第 ${h} 位，共 ${p} 位`}),s)}},c),l=(e,t)=>v("li",{},v("span",{class:"sk-number","aria-hidden":"true"},`${t+1}.`),v("span",{class:"sk-letter"},`${e})`),v("span",{},...ex(n.get(e))),o(e,-1,t,eg,"↑"),o(e,1,t,ef,"↓"));return r(),[ev(e),ew(e.code),i,a]},short:function(e,t,s){return ez(e,t,w(ep,s),null,5)}};function ev(e){return v("legend",{},...y(e.prompt))}function ew(e){let t=e.trimEnd().split("\n").map((e,t)=>v("div",{class:"sk-code-line"},v("span",{class:"sk-number","aria-hidden":"true"},t+1),v("span",{},e||" ")));return e&&v("div",{class:"sk-code",tabindex:"0",role:"group","aria-label":"code"},...t)}function ey(e,t,s){let n="single"===e.type?"radio":"checkbox",i=new Set(String(t.given??"").split(",")),a=e=>t.given=[...e.currentTarget.closest("fieldset").querySelectorAll("input:checked")].map(e=>e.value).join(","),r=e.options.map(e=>v("label",{class:"sk-option"},v("input",{type:n,name:"answer",value:e.id,checked:i.has(e.id),onchange:a}),v("span",{class:"sk-letter"},`${e.id})`),v("span",{},...ex(e.text))));return[ev(e),ew(e.code),"checkbox"===n&&v("p",{class:"sk-how"},w(em,s)),...r]}let ex=e=>y(e).flatMap(e=>[...e.childNodes]);function ez(e,t,s,n,i){let a=v("textarea",{rows:i,class:n,spellcheck:n?"false":null,oninput:()=>t.given=a.value});return a.value=t.given??"",[ev(e),ew(e.code),v("label",{class:"sk-field"},v("span",{},s),a)]}let e$={en:"Check",zh:"提交"},eS={en:"Checking …",zh:"正在批改……"},eq={en:"Next",zh:"下一题"},eC={en:"Previous",zh:"上一题"},ej={en:"Right",zh:"答对了"},eT={en:"Not right",zh:"没有答对"},eM={en:"Choose an answer first.",zh:"请先作答。"},eE={en:"No reply from Python yet. Is the kernel running?",zh:"Python 还没有回应。内核在运行吗？"},eA={en:"Questions",zh:"题目"},eN={screen:{en:"phone screen",zh:"电话面试"},onsite:{en:"on-site",zh:"现场面试"},expert:{en:"expert",zh:"专家"}},eL=(e,t)=>({en:`Question ${e} of ${t}`,zh:`第 ${e} 题，共 ${t} 题`}),eO=function({model:e,el:t}){var s;let n,i,a,{widget:r,release:o}=z(t,"sk-quiz"),l={},d=v("div",{class:"sk-head"}),c=v("form",{onsubmit:e=>(e.preventDefault(),function(){let{questions:e,index:t,results:s}=p(),{id:n}=e[t].en;s[n]||f(n,String(l[n]?.given??""))}())}),u=v("div",{class:"sk-said","aria-live":"polite","aria-atomic":"true",tabindex:"-1"}),h=v("div",{class:"sk-actions"}),p=()=>Object.fromEntries(["lang","questions","index","results"].map(t=>[t,e.get(t)])),{wait:k,settle:g,submit:f}=(s=b,n={busy:"",problem:"",timers:[]},i=e=>{n.timers.forEach(clearTimeout),Object.assign(n,{busy:"",problem:e}),s()},a=t=>w(t,e.get("lang")),{wait:n,settle:i,submit:(t,r)=>{if(!n.busy){if(!r.trim())return i(a(eM));Object.assign(n,{busy:t,problem:""}),n.timers=[setTimeout(s,300),setTimeout(()=>i(a(eE)),8e3)],e.send({kind:"answer",id:t,given:r})}}});function m(t){x(e,{index:t});let s=c.querySelector("fieldset:not(:disabled) :is(input, textarea, li button:not(:disabled))");(s??h.querySelector(".sk-main"))?.focus()}function b(){let t=p(),{lang:s,questions:n,index:i,results:a}=t,o=a[n[i].en.id],g=e=>e?.contains(document.activeElement),f=g(d.querySelector(".sk-dots"))?"dots":g(d)?"head":g(c)?"body":"";r.lang=s,d.replaceChildren(v("ol",{class:"sk-dots","aria-label":w(eA,s)},...t.questions.map((e,n)=>{let i=t.results[e.en.id],a=i?`: ${w(i.correct?ej:eT,s)}`:"",r=i?i.correct?"sk-good":"sk-bad":null,o=w(eL(n+1,t.questions.length),s)+a;return v("li",{class:r},v("button",{type:"button","aria-label":o,title:o,"aria-current":n===t.index?"step":null,onclick:()=>m(n)},v("span",{"aria-hidden":"true"},i?i.correct?"✓":"✗":"")))})),v("div",{class:"sk-languages",role:"group","aria-label":"Language / 语言"},...[["en","EN"],["zh","中文"]].map(([t,s])=>v("button",{type:"button",lang:t,"aria-pressed":String(e.get("lang")===t),onclick:()=>x(e,{lang:t})},s)))),h.replaceChildren(...(function({questions:e,index:t,results:s,lang:n},i,a){let r,o,l=s[e[t].en.id],d=Object.values(s),c=d.filter(e=>e.correct).length,u=d.length>0&&v("span",{class:"sk-place"},w((r=c,o=d.length,{en:`${r} of ${o} right`,zh:`答对 ${r}/${o} 题`}),n)),h=w(i?eS:e$,n),p=v("button",{type:"submit",class:"sk-main","aria-disabled":String(!!i)},h),k=(t,s,i)=>v("button",{type:"button",class:t,disabled:!e[s],onclick:()=>a(s)},w(i,n)),g=k("sk-quiet",t-1,eC),f=v("span",{class:"sk-gap"});if(!l)return[p,u,f,g,k("sk-quiet",t+1,eq)];let m=[...e.keys()].slice(t+1).concat([...e.keys()]).find(t=>!s[e[t].en.id])??t+1;return[e[m]&&k("sk-main",m,eq),u,f,g]})(t,k.busy,m).filter(Boolean));let b=o?function(e,t){if(!e)return null;let s=!e.correct&&e.score>0?` \xb7 ${Math.round(100*e.score)} %`:"";return v("div",{class:`sk-verdict ${e.correct?"sk-good":"sk-bad"}`},v("span",{class:"sk-icon","aria-hidden":"true"},e.correct?"✓":"✗"),v("div",{},v("p",{},w(e.correct?ej:eT,t)+s),...w(e.feedback,t).split("\n").filter(Boolean).flatMap(y)))}(o,s):k.problem&&v("p",{class:"sk-problem"},k.problem);u.replaceChildren(...b?[b]:[]),c.replaceChildren(...function({questions:e,index:t,results:s,lang:n},i,a){let r=e[t][n],o=i[r.id]??={},l=s[r.id];l&&(o.given=String(l.given));let d=w(eN[r.level]??r.level,n);return[v("p",{class:"sk-place"},`${w(eL(t+1,e.length),n)} \xb7 ${d}`),v("fieldset",{disabled:!!(l||a)},...eb[r.type](r,o,n))]}(t,l,k.busy),u,h),(({dots:()=>d.querySelector("[aria-current]"),head:()=>d.querySelector("[aria-pressed=true]"),body:()=>o||k.busy?h.querySelector(".sk-main")??u:k.problem&&(c.querySelector("input:checked")??c.querySelector("input, textarea"))})[f]?.()||null)?.focus()}r.append(d,c);let S=[$(e,["results"],()=>p().results[k.busy]?g(""):b()),$(e,["index","questions"],()=>g("")),$(e,["lang"],b),$(e,["problem"],()=>g(w(e.get("problem").text,e.get("lang"))))];return b(),()=>{k.timers.forEach(clearTimeout),S.forEach(e=>e()),o()}},eI={en:"Review",zh:"复习"},eD={en:"Answer what is due, before it is forgotten. The next date of each question follows from your answers.",zh:"趁还没忘，先答到期的题。每道题下次出现的时间由你的作答决定。"},eR={en:"Nothing to ask now: all is answered and not yet due.",zh:"现在没有可问的题：都答过了，也都还没到期。"},eP={en:"Start a review",zh:"开始复习"},eB={en:"Undo last answer",zh:"撤销上一次作答"},eW={en:"Never ask this again",zh:"以后不再问这道题"},eH={en:"Ask it again after all",zh:"恢复刚才那道题"},eJ={en:"This question is left out of all reviews.",zh:"这道题不会再出现在复习里。"},eU={en:"End review",zh:"结束复习"},e_={en:"Another review",zh:"再来一组"},eF={en:"Everything here was left out.",zh:"这一组的题都已移出复习。"},eG={en:"Review finished",zh:"复习完成"},eY={en:"next due",zh:"下次到期"},eQ={heading:{en:"Runs",zh:"运行"},technique:{en:"Technique",zh:"技术"},parameters:{en:"Parameters",zh:"参数"},start:{en:"Start run",zh:"开始运行"},starting:{en:"Starting …",zh:"正在启动……"},unbuilt:{en:"This notebook has no parameters yet.",zh:"这份笔记本还没有参数。"},evidence:{en:"Evidence of all experiments",zh:"全部实验的证据"},list:{en:"All runs",zh:"所有运行"},none:{en:"No run yet. A run goes on when this page is closed.",zh:"还没有运行过。关掉页面，运行也会继续。"},stop:{en:"Stop",zh:"停止"},result:{en:"Open result",zh:"查看结果"},log:{en:"Log",zh:"日志"},cell:{en:"cell",zh:"单元格"},running:{en:"running",zh:"运行中"},done:{en:"done",zh:"已完成"},failed:{en:"failed",zh:"失败"},stopped:{en:"stopped",zh:"已停止"}},eV={running:"…",done:"✓",failed:"✗",stopped:"■"},eK={heading:{en:"Syllabus",zh:"课程"},today:{en:"Today",zh:"今天"},calm:{en:"Nothing is due. New questions are waiting whenever you like.",zh:"没有到期的题。想学新的，随时可以开始。"},start:{en:"Start review",zh:"开始复习"},learn:{en:"Learn something new",zh:"学点新的"},search:{en:"Search techniques",zh:"搜索技术"},filter:{en:"Show",zh:"显示"},all:{en:"All",zh:"全部"},due:{en:"Due",zh:"到期"},new:{en:"Not begun",zh:"未开始"},none:{en:"No technique matches.",zh:"没有符合条件的技术。"},quiz:{en:"Quiz",zh:"测验"},run:{en:"Run",zh:"运行"},passed:{en:"drill passed",zh:"手写题已通过"},failed:{en:"drill not passed yet",zh:"手写题还没通过"},mastery:{en:"mastered",zh:"掌握程度"},loading:{en:"Reading your progress …",zh:"正在读取进度……"}},eX={desk:{en:"Study desk",zh:"学习台"},views:{en:"Views",zh:"视图"},study:{en:"Study",zh:"学习"},review:{en:"Review",zh:"复习"},interview:{en:"Interview",zh:"面试"},runs:{en:"Runs",zh:"运行"},again:{en:"Try again",zh:"重试"}},eZ=["study","review","interview","runs"];class e0 extends m.Widget{models;ways;top=v("div",{class:"sk-top"});alert=v("div",{role:"alert"});place=v("div",{class:"sk-view"});views=new Map;release=null;constructor(e,t){for(let s of(super(),this.models=e,this.ways=t,this.addClass("sk-desk-host"),Object.values(e)))s.changed.connect(this.changed,this)}dispose(){for(let e of Object.values(this.models))e.changed.disconnect(this.changed,this);for(let e of this.views.values())e.dispose();this.release?.(),super.dispose()}onAfterAttach(){if(!this.release){let{widget:e,release:t}=z(this.node,"sk-desk");e.append(this.top,this.alert,this.place),this.release=t}this.update()}onAfterShow(){this.models.desk.refresh()}onActivateRequest(){this.top.querySelector("[aria-current]")?.focus()}onUpdateRequest(e){if(!this.release||this.isDisposed)return;let{desk:t}=this.models,{lang:s}=t;this.node.lang="zh"===s?"zh-CN":"en",this.title.label=this.title.caption=w(eX.desk,s),this.node.closest(".jp-SideBar, #jp-left-stack, #jp-right-stack")&&(this.title.label="");let n=eZ.map(e=>v("button",{type:"button",class:"sk-tab","data-key":e,"aria-current":e===t.place?"page":null,onclick:()=>t.go(e)},w(eX[e],s)));S(this.top,v("div",{class:"sk-name"},v("h2",{},w(eX.desk,s)),this.languages()),v("nav",{"aria-label":w(eX.views,s)},...n)),S(this.alert,...this.problem());let i=this.view(t.place);for(let e of this.views.values())e.node.hidden=e!==i;i.node.parentElement!==this.place&&this.place.append(i.node),i.update()}changed(){this.update()}problem(){let{desk:e,runs:t,interview:s}=this.models;if(!e.problem)return[];let n=C(w(eX.again,e.lang),()=>void(async()=>{await e.load(),e.problem||await Promise.all([t.load(),s.load()])})(),{key:"again"});return[v("div",{class:"sk-verdict sk-bad"},v("div",{},v("p",{},w(e.problem,e.lang)),n))]}languages(){let{desk:e}=this.models,t=(t,s)=>{let n=C(s,()=>e.speak(t),{key:t,pressed:e.lang===t,class:""});return n.lang=t,n};return v("div",{class:"sk-languages",role:"group","aria-label":"Language / 语言"},t("en","EN"),t("zh","中文"))}view(e){let t=this.views.get(e)??this.make(e);return this.views.set(e,t),t}make(e){let{models:t,ways:s}=this;return"review"===e?function(e){let t=v("section",{class:"sk-review","aria-label":w(eI,e.desk.lang)}),s=v("div",{}),n=v("div",{class:"sk-asked"}),i=v("div",{});t.append(s,n,i);let a=-1,r=null,o=t=>w(t,e.desk.lang);function l(){r?.(),r=null,n.replaceChildren(),a=-1}return{node:t,update:function(){let{session:d}=e;if(t.setAttribute("aria-label",o(eI)),!d){l();let t=o(e.nothing?eR:eD),n=C(o(eP),()=>void e.begin(),{key:"start",class:"sk-main",disabled:e.busy});S(s,v("p",{class:"sk-soft",role:"status"},t)),S(i,v("div",{class:"sk-actions"},n));return}e.asked.length?a===e.serial&&r||(l(),a=e.serial,r=eO({model:e,el:n})):l(),S(s,d.technique&&v("h3",{},e.desk.title(d.technique)),(e.finished||!e.asked.length)&&function(){let t,{done:s,asked:n}=e,i=s.filter(e=>e.correct).length,a=s.map(e=>e.due).sort()[0],r=a&&new Date(a).toLocaleDateString("zh"===e.desk.lang?"zh-CN":"en-GB"),l=n.length?o((t=s.length,{en:`${i} of ${t} right`,zh:`${t} 题答对 ${i} 题`})):o(eF);return v("div",{class:"sk-card",role:"status"},v("h3",{},o(eG)),v("p",{},l+(r?` \xb7 ${o(eY)}: ${r}`:"")))}()),S(i,...function(){let{session:t,busy:s,finished:n,asked:i}=e,a=n||!i.length;return[v("div",{class:"sk-actions sk-below"},e.last&&C(o(eB),()=>void e.undo(),{key:"undo",disabled:s}),i.length>0&&!t.results[e.current]&&C(o(eW),()=>void e.suspend(),{key:"suspend",disabled:s}),t.left.length>0&&C(o(eH),()=>void e.resume(),{key:"resume",disabled:s}),a&&C(o(e_),()=>void e.begin(t.technique),{key:"more",class:"sk-main"}),C(o(eU),()=>e.end(),{key:"end"})),v("p",{class:"sk-soft",role:"status"},t.left.length?o(eJ):"")]}())},dispose:l}}(t.review):"runs"===e?function(e,t){let{desk:s}=e,n=v("section",{class:"sk-runs"}),i=v("form",{onsubmit:t=>(t.preventDefault(),void e.start())}),a=v("div",{});n.append(i,a);let r="";function o(t){let n=`knob-${t.name}`,i=e.draft[t.name]??String(t.default),a=s=>e.enter(t.name,s);if(t.choices)return T(t.name,M(t.choices.map(e=>[e,e]),i,a,n));if("switch"===t.kind){let e=v("input",{type:"checkbox","data-key":n,checked:"true"===i,onchange:()=>a(String(e.checked))});return v("label",{class:"sk-check"},e,v("span",{},t.name))}let r=v("input",{type:"text","data-key":n,value:i,autocomplete:"off",spellcheck:"false",oninput:()=>a(r.value)});return T(t.name,r,(({low:e,high:t},s)=>void 0!==e&&void 0!==t?`${e} – ${t}`:void 0===e?"":w({en:`at least ${e}`,zh:`至少 ${e}`},s))(t,s.lang))}function l(n){var i;let a,r=s.title(n.technique),o="done"===n.status?1:n.cells?n.cell/n.cells:0,l=Object.entries(n.parameters).map(([e,t])=>`${e}=${t}`),d=null===n.seconds?"":` \xb7 ${n.seconds.toFixed(1)} s`,c=new Date(n.started).toLocaleString("zh"===s.lang?"zh-CN":"en-GB");return v("li",{class:"sk-card","data-run":n.id},v("h4",{},r),v("p",{class:"sk-status"},`${eV[n.status]} ${w(eQ[n.status],s.lang)}${d}`),j(o,r,n.cells?`${w(eQ.cell,s.lang)} ${n.cell}/${n.cells}`:""),l.length>0&&v("p",{class:"sk-soft sk-code-like"},l.join("  ")),v("p",{class:"sk-soft"},[c,n.message].filter(Boolean).join(" \xb7 ")),n.reason&&v("p",{class:"sk-problem"},n.reason),(i=n,a=(e.logs[i.id]??[]).slice(-200).join("\n"),v("details",{open:e.opened.has(i.id),ontoggle:t=>void e.open(i.id,t.currentTarget.open)},v("summary",{"data-key":`log-${i.id}`},w(eQ.log,s.lang)),v("pre",{class:"sk-listing",tabindex:"0","data-key":`lines-${i.id}`},a))),v("div",{class:"sk-actions"},"running"===n.status&&C(w(eQ.stop,s.lang),()=>void e.stop(n.id),{key:`stop-${n.id}`,label:`${w(eQ.stop,s.lang)}: ${r}`}),"done"===n.status&&C(w(eQ.result,s.lang),()=>t.result(n),{key:`result-${n.id}`,label:`${w(eQ.result,s.lang)}: ${r}`})))}return{node:n,update:function(){let d,c,u,h;n.setAttribute("aria-label",w(eQ.heading,s.lang));let p=JSON.stringify([s.lang,s.catalog.techniques.length,e.technique,e.problem,e.busy]);p!==r&&(d=s.catalog.techniques,!e.technique&&d[0]&&(e.technique=d[0].id),c=s.technique(e.technique)?.knobs??[],u=M(d.map(e=>[e.id,e.title[s.lang]]),e.technique,t=>e.choose(t),"technique"),h=v("button",{type:"submit",class:"sk-main","data-key":"start","aria-disabled":String(e.busy)},w(e.busy?eQ.starting:eQ.start,s.lang)),S(i,T(w(eQ.technique,s.lang),u),v("details",{open:!0},v("summary",{"data-key":"parameters"},w(eQ.parameters,s.lang)),c.length?v("div",{class:"sk-fields"},...c.map(o)):v("p",{},w(eQ.unbuilt,s.lang))),v("p",{class:"sk-problem",role:"alert"},e.problem?w(e.problem,s.lang):""),v("div",{class:"sk-actions"},h,C(w(eQ.evidence,s.lang),t.evidence,{key:"evidence"})))),r=p;let k=e.runs.length?v("ul",{class:"sk-list"},...e.runs.map(l)):v("p",{class:"sk-soft"},w(eQ.none,s.lang));for(let e of(S(a,v("h3",{},w(eQ.list,s.lang)),k),a.querySelectorAll("details[open] > pre")))e.scrollTop=e.scrollHeight},dispose:()=>void 0}}(t.runs,s):"interview"===e?function(e,t){let{desk:s}=e,n=v("section",{class:"sk-interview"}),i=v("span",{class:"sk-clock",role:"timer","aria-live":"off"}),a="",r=()=>{let t;e.interview&&(i.textContent=`${t=e.elapsed,`${Math.floor(t/60)}:${String(Math.floor(t%60)).padStart(2,"0")}`} / ${e.interview.settings.minutes}:00`)},o=setInterval(r,1e3);function l(t,s){return v("button",{type:"submit",class:"sk-main","data-key":s,"aria-disabled":String(e.busy)},t)}function d(){return v("p",{class:"sk-problem",role:"alert"},e.problem?w(e.problem,s.lang):"")}function c(e,t){return v("details",{class:"sk-turn"},v("summary",{"data-key":`turn-${t}`},e.prompt.split("\n")[0]),...q(e.prompt),v("p",{class:"sk-soft"},w(eh.you,s.lang)),null===e.blank?v("p",{class:"sk-given"},e.given):v("pre",{class:"sk-listing",tabindex:"0"},e.given))}return{node:n,update:function(){n.setAttribute("aria-label",w(eh.heading,s.lang));let{interview:o,earlier:u,problem:h,busy:p}=e,k=[s.lang,s.loaded,o?.id,o?.turns.length,o?.finished,u,h,p];if(JSON.stringify(k)!==a)if(a=JSON.stringify(k),r(),o)if(o.finished&&o.report){let i,a,r,l,d,c,u,h;S(n,...(i=e=>w(e,s.lang),a=o.report,r=(e,...t)=>[v("h3",{},i(e)),...t],l=e=>v("ul",{class:"sk-list"},...e.map(e=>v("li",{},e))),d=a.drills.map(({technique:e,passed:t,message:n})=>`${t?"✓":"✗"} ${s.title(e)}: ${n}`),c=a.bugs.map(e=>`${e.found?"✓":"✗"} ${s.title(e.technique)}: ${i(e.found?er.found:er.overlooked)}`),u=a.next.map(e=>C(s.title(e),()=>t(e),{key:`next-${e}`,class:"sk-link"})),h=async e=>{await s.tried(async()=>{var t,n,i;let a;t=await s.api.report(o.id,e),n=`interview-${o.id}.${e}`,i=e,v("a",{href:a=URL.createObjectURL(new Blob([t],{type:`${"md"===i?"text/markdown":"text/html"};charset=utf-8`})),download:n}).click(),setTimeout(()=>URL.revokeObjectURL(a),1e3)})},[v("h3",{role:"status"},i(er.report)),...r(er.layers,function({layers:e},t){let s=["algorithm","data","engineering"].map(s=>v("li",{},v("span",{"aria-hidden":"true"},e[s]?"✓ ":"○ "),`${t(er[s])}: ${t(e[s]?er.covered:er.lacking)}`));return v("ul",{class:"sk-list"},...s)}(a,i)),...r(er.findings,...function({turns:e,report:t},s){return t.findings.length?t.findings.map(t=>v("div",{class:"sk-finding"},function(e,[t,s]){let n=[...e],i=n.slice(Math.max(0,t-60),t).join("");return v("p",{class:"sk-quote"},(t>60?"… ":"")+i,v("mark",{},n.slice(t,s).join("")),n.slice(s,s+60).join("")+(s+60<n.length?" …":""))}(e[t.turn]?.given??t.text,e[t.turn]?t.span:[0,t.text.length]),v("p",{class:"sk-status"},s(eu[t.verdict]??{en:t.verdict,zh:t.verdict})),...q(t.correction),v("p",{class:"sk-soft"},`${s(er.source)}: ${t.source}`))):[v("p",{},`✓ ${s(er.clean)}`)]}(o,i)),...a.missing.length?r(er.missing,l(a.missing)):[],...d.length+c.length?r(er.drills,l([...d,...c])):[],...u.length?r(er.next,l(u)):[],v("div",{class:"sk-actions"},C(i(er.markdown),()=>void h("md"),{key:"markdown",class:"sk-main"}),C(i(er.html),()=>void h("html"),{key:"html"}))]),C(w(eh.leave,s.lang),()=>e.leave(),{key:"leave"}))}else S(n,...function({turns:t,finished:n}){var a;let r,o,{asked:u}=e,h=t.filter(e=>e!==u),p=h.at(-1)?.note,k=v("div",{class:"sk-time"},v("span",{class:"sk-soft"},w(eh.time,s.lang)),i),g=p?v("div",{class:"sk-note"},...q(p)):null,f=[k,...h.map(c),...g?[g]:[]];return u&&!n?[...f,((o=v("textarea",{rows:(r=null!==(a=u).blank)?16:8,class:r?"sk-mono":null,spellcheck:r?"false":null,"data-key":"answer",oninput:()=>e.write(o.value)})).value=e.given,v("form",{onsubmit:t=>(t.preventDefault(),void e.answer())},v("div",{class:"sk-prompt","aria-live":"polite"},...q(a.prompt)),T(w(r?eh.code:eh.answer,s.lang),o),d(),v("div",{class:"sk-actions"},l(w(e.busy?eh.sending:eh.send,s.lang),"send"),C(w(eh.finish,s.lang),()=>void e.finish(),{key:"finish",disabled:e.busy}),C(w(eh.leave,s.lang),()=>e.leave(),{key:"leave"}))))]:f}(o));else S(n,...function(){let{settings:t}=e,n=v("input",{type:"number",min:5,max:90,value:t.minutes,"data-key":"minutes",oninput:()=>e.choose({minutes:n.valueAsNumber||t.minutes})}),i=["screen","onsite","expert"].map(e=>[e,w(eh[e],s.lang)]),a=[...new Set(s.catalog.techniques.map(e=>e.section))],r=[["all",w(eh.all,s.lang)],...s.catalog.tiers.map(e=>[e.id,e.title[s.lang]]),...a.map(e=>[e,e.replace(/_/g," ")]),...s.catalog.techniques.map(e=>[e.id,e.title[s.lang]])],o=[T(w(eh.minutes,s.lang),n),T(w(eh.level,s.lang),M(i,t.level,t=>e.choose({level:t}),"level")),T(w(eh.lang,s.lang),M([["en","English"],["zh","中文"]],t.lang,t=>e.choose({lang:t}),"interview-lang")),T(w(eh.focus,s.lang),M(r,t.focus,t=>e.choose({focus:t}),"focus"))];return[v("p",{class:"sk-soft"},w(eh.intro,s.lang)),v("form",{onsubmit:t=>(t.preventDefault(),void e.begin())},v("div",{class:"sk-fields"},...o),d(),v("div",{class:"sk-actions"},l(w(eh.begin,s.lang),"begin"))),...e.earlier.length?[v("h3",{},w(eh.earlier,s.lang)),v("ul",{class:"sk-list"},...e.earlier.map(({id:t,started:n,finished:i,settings:a})=>{let r=new Date(n).toLocaleString("zh"===s.lang?"zh-CN":"en-GB"),o=w(i?eh.open:eh.resume,s.lang);return v("li",{class:"sk-line"},v("span",{},`${r} \xb7 ${w(eh[a.level],s.lang)} \xb7 ${s.title(a.focus)}`),C(o,()=>void e.open(t),{key:`open-${t}`,class:"sk-small",label:`${o}: ${r}`}))}))]:[]]}())},dispose:()=>clearInterval(o)}}(t.interview,e=>{let n=t.desk.technique(e);n&&s.open(n)}):function(e,t){let s=v("section",{class:"sk-syllabus"}),n=new Set;function i(t,{id:s,title:n},a){let r=w(eK[t],e.lang);return C(r,()=>a(s),{key:`${t}-${s}`,class:"sk-small",label:`${r}: ${n[e.lang]}`})}function a(s){let n,a=e.known(s.id),r=s.title[e.lang],o=a.drill&&v("span",{},`${"passed"===a.drill?"✓":"○"} ${w(eK[a.drill],e.lang)}`);return v("li",{class:"sk-row"},v("button",{type:"button",class:"sk-title","data-key":`open-${s.id}`,title:s.summary[e.lang],onclick:()=>t.open(s)},r),v("div",{class:"sk-state"},j(a.mastery,`${r}: ${w(eK.mastery,e.lang)}`),a.due>0&&v("span",{class:"sk-due"},(n=a.due,w({en:`${n} due`,zh:`${n} 题到期`},e.lang))),o,v("span",{class:"sk-gap"}),v("span",{class:"sk-ways"},i("quiz",s,t.review),i("run",s,t.run))))}return{node:s,update:function(){let i,r;if(s.setAttribute("aria-label",w(eK.heading,e.lang)),!e.loaded)return void S(s,!e.problem&&v("p",{class:"sk-soft",role:"status"},w(eK.loading,e.lang)));let o=e.catalog.tiers.map(t=>(function(t,s){let i=e.catalog.techniques.filter(e=>e.tier===t),r=e.shown(t);if(!r.length)return null;let o=i.reduce((t,s)=>t+e.known(s.id).mastery,0)/i.length;return v("details",{open:!n.has(t),ontoggle:e=>e.currentTarget.open?n.delete(t):n.add(t)},v("summary",{"data-key":`tier-${t}`},v("span",{class:"sk-tier"},s),j(o,`${s}: ${w(eK.mastery,e.lang)}`)),v("ul",{},...r.map(a)))})(t.id,t.title[e.lang])),l=o.every(e=>!e)&&v("p",{class:"sk-soft",role:"status"},w(eK.none,e.lang));S(s,function(){let s=e.progress.due;return v("div",{class:"sk-card sk-today"},v("h3",{},w(eK.today,e.lang)),v("p",{},w(s?{en:1===s?"1 question is due.":`${s} questions are due.`,zh:`有 ${s} 道题到期。`}:eK.calm,e.lang)),C(w(s?eK.start:eK.learn,e.lang),()=>t.review(null),{key:"today",class:"sk-main"}))}(),(i=v("input",{type:"search","data-key":"search","aria-label":w(eK.search,e.lang),placeholder:w(eK.search,e.lang),autocomplete:"off",value:e.search,oninput:t=>t.isComposing||e.look(i.value,e.filter),oncompositionend:()=>e.look(i.value,e.filter)}),r=["all","due","new"].map(t=>C(w(eK[t],e.lang),()=>e.look(e.search,t),{key:`filter-${t}`,pressed:e.filter===t,class:"sk-choice"})),v("div",{class:"sk-finder"},i,v("div",{class:"sk-choices",role:"group","aria-label":w(eK.filter,e.lang)},...r))),...o,l)},dispose:()=>void 0}}(t.desk,s)}}let e1=e=>`studykit:${d.PageConfig.getBaseUrl()}:${e}`;function e2(e){try{return JSON.parse(localStorage.getItem(e1(e))??"null")}catch{return null}}function e6(e,t){try{null===t?localStorage.removeItem(e1(e)):localStorage.setItem(e1(e),JSON.stringify(t))}catch{}}function e4(){let e=new Date;return[e.getFullYear(),e.getMonth()+1,e.getDate()].join("-")}var e5=s(401);let e3={mastery:0,due:0,answered:0,drill:null};class e8{signal=new e5.Signal(this);get changed(){return this.signal}tell(){this.signal.emit()}}class e7 extends e8{api;keepLang;catalog={tiers:[],techniques:[]};progress={techniques:{},due:0};problem=null;loaded=!1;place=e2("place")??"study";search="";filter="all";wishes={lang:"en",dailyLimit:20,newPerDay:8};constructor(e,t){super(),this.api=e,this.keepLang=t}get lang(){return this.wishes.lang}wish(e){this.wishes=e,this.tell()}speak(e){e!==this.lang&&(this.wish({...this.wishes,lang:e}),this.keepLang(e))}go(e){this.place=e,e6("place",e),this.tell()}look(e,t){Object.assign(this,{search:e,filter:t}),this.tell()}load=async()=>{await this.tried(async()=>{[this.catalog,this.progress]=await Promise.all([this.api.catalog(),this.api.progress()]),this.loaded=!0})};refresh=async()=>{if(!this.loaded)return this.load();await this.tried(async()=>{this.progress=await this.api.progress()})};async tried(e){try{return await e(),this.problem=null,!0}catch(e){return this.problem=f(e),!1}finally{this.tell()}}technique(e){return this.catalog.techniques.find(t=>t.id===e)}title(e){return this.technique(e)?.title[this.lang]??e??""}known(e){return this.progress.techniques[e]??e3}shown(e){let t=this.search.toLowerCase().split(/\s+/).filter(Boolean);return this.catalog.techniques.filter(s=>{let n=this.known(s.id);if(s.tier!==e||"due"===this.filter&&!n.due||"new"===this.filter&&(n.answered||n.drill))return!1;let i=[s.id,s.section,s.drill,...Object.values(s.title),...Object.values(s.summary)];return t.every(e=>i.join(" ").toLowerCase().includes(e))})}}class e9 extends e8{desk;settings;interview=null;earlier=[];problem=null;busy=!1;began=0;draft=e2("draft");constructor(e){super(),this.desk=e;let t=e2("interview-settings");this.settings=t??{minutes:20,level:"onsite",lang:e.lang,focus:"all"}}get asked(){let{turns:e=[],finished:t=!0}=this.interview??{},s=e.at(-1);return!t&&s&&null===s.given?s:null}get elapsed(){return this.interview?this.interview.finished?this.interview.elapsed:(Date.now()-this.began)/1e3:0}get given(){return this.ours()?.given??this.asked?.blank??""}choose(e){this.settings={...this.settings,...e},e6("interview-settings",this.settings)}write(e){let{interview:t}=this;t&&(this.draft={interview:t.id,turn:t.turns.length,given:e,since:this.since},e6("draft",this.draft))}load=async()=>{let e=e2("interview");await this.desk.tried(async()=>{this.earlier=await this.desk.api.interviews(),null!==e&&this.earlier.some(t=>t.id===e)&&!this.interview&&this.take(await this.desk.api.interview(e))}),this.tell()};begin=()=>this.once(()=>this.desk.api.begin(this.settings));open=e=>this.once(()=>this.desk.api.interview(e));finish=()=>this.once(()=>this.desk.api.finish(this.interview.id));async answer(){let{given:e}=this;if(!e.trim())return;let t=(Date.now()-this.since)/1e3;await this.once(()=>this.desk.api.answer(this.interview.id,e,t))}leave(){this.interview=null,e6("interview",null),this.tell(),this.load()}get since(){return this.ours()?.since??this.shown}shown=Date.now();ours(){let{draft:e,interview:t}=this;return e&&t&&e.interview===t.id&&e.turn===t.turns.length?e:null}take(e){this.interview=e,this.shown=Date.now(),this.began=Date.now()-1e3*e.elapsed,this.ours()&&(this.began-=this.shown-this.draft.since),e6("interview",e.id)}async once(e){if(!this.busy){this.busy=!0,this.problem=null,this.tell();try{this.take(await e()),this.interview?.finished&&this.desk.refresh()}catch(e){this.problem=f(e)}this.busy=!1,this.tell()}}}function te(e,t,s){let n=new m.Widget;n.addClass("sk-page"),n.node.append(v("iframe",{sandbox:"",title:t,srcdoc:"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; font-src data:\">"+s}));let a=new i.MainAreaWidget({content:n});return Object.assign(a.title,{label:t,caption:t,closable:!0}),a.id=e,a.toolbar.hide(),a}class tt extends e8{desk;session=e2("review");serial=0;nothing=!1;busy=!1;problem=null;handlers=new Map;waiting=new Set;constructor(e){super(),this.desk=e;let t=e.lang;e.changed.connect(()=>{e.lang!==t&&this.fire("lang"),t=e.lang})}get asked(){let{questions:e=[],left:t=[]}=this.session??{};return e.filter(e=>!t.includes(e.en.id))}get done(){let e=this.session?.results??{};return this.asked.flatMap(t=>e[t.en.id]??[])}get finished(){return this.asked.length>0&&this.done.length===this.asked.length}get current(){return this.asked[this.session?.index??0]?.en.id??""}get fresh(){let e=e2("new");return Math.max(0,this.desk.wishes.newPerDay-(e?.day===e4()?e.count:0))}async begin(e=null){let{dailyLimit:t}=this.desk.wishes;this.desk.go("review"),await this.once(async()=>{let s=e?t:Math.min(this.fresh,t),n=await this.desk.api.due(t,s,e??void 0);this.nothing=0===n.questions.length,this.open(n.questions.length?{...n,technique:e,index:0,results:{},left:[]}:null)})}end(){this.open(null),this.nothing=!1,this.desk.refresh(),this.tell()}async undo(){let e=this.last;e&&await this.once(async()=>{await this.desk.api.undo(e.event);let t={...this.session.results};delete t[e.question],this.change({results:t,index:this.asked.findIndex(t=>t.en.id===e.question)},"results","index")})}get last(){return this.done.reduce((e,t)=>e&&e.event>t.event?e:t,void 0)}async suspend(){let e=this.current;await this.once(async()=>{await this.desk.api.suspend(e,!0);let{left:t,index:s}=this.session;this.change({left:[...t,e],index:Math.max(0,Math.min(s,this.asked.length-2))},"questions")})}async resume(){let e=this.session?.left.at(-1);e&&await this.once(async()=>{await this.desk.api.suspend(e,!1);let t=this.session.left.slice(0,-1);this.change({left:t},"questions"),this.change({index:this.asked.findIndex(t=>t.en.id===e)},"index")})}get(e){return"lang"===e?this.desk.lang:"questions"===e?this.asked:"problem"===e?this.problem:this.session?.[e]}set(e,t){"lang"===e?this.desk.speak(t):this.session&&Object.assign(this.session,{[e]:t}),this.waiting.add(e)}save_changes(){let e=[...this.waiting].filter(e=>"lang"!==e);this.waiting.clear(),e.length&&this.change({},...e)}send({id:e,given:t}){this.answer(e,t)}on(e,t){let s=this.handlers.get(e)??new Set;this.handlers.set(e,s.add(t))}off(e,t){this.handlers.get(e)?.delete(t)}async answer(e,t){let{session:s}=this;if(s)try{let n=await this.desk.api.review(e,t,s.seed);if(this.session!==s)return;s.questions.find(t=>t.en.id===e)?.due||this.count(),this.change({results:{...s.results,[e]:n}},"results"),this.desk.refresh()}catch(e){this.problem={text:f(e),n:(this.problem?.n??0)+1},this.fire("problem")}}count(){let e=e2("new");e6("new",{day:e4(),count:1+(e?.day===e4()?e.count:0)})}open(e){this.session=e,this.serial++,e6("review",e)}change(e,...t){this.session&&(Object.assign(this.session,e),e6("review",this.session),this.tell(),this.asked.length&&t.forEach(e=>this.fire(e)))}async once(e){this.busy||(this.busy=!0,await this.desk.tried(e),this.busy=!1,this.tell())}fire(e){for(let t of[...this.handlers.get(`change:${e}`)??[]])t()}}class ts extends e8{desk;runs=[];logs={};opened=new Set;technique="";draft={};problem=null;busy=!1;followed=new Set;constructor(e){super(),this.desk=e}load=async()=>{for(let e of(await this.desk.tried(async()=>{this.runs=await this.desk.api.runs()}),this.runs))"running"===e.status&&this.follow(e.id);this.tell()};choose(e){Object.assign(this,{technique:e,draft:{},problem:null}),this.tell()}enter(e,t){this.draft[e]=t}async start(){await this.once(async()=>{let e=await this.desk.api.start(this.technique,this.given());this.runs=[e,...this.runs],this.opened.add(e.id),this.follow(e.id)})}async stop(e){await this.once(async()=>this.take(await this.desk.api.stop(e)))}async open(e,t){t!==this.opened.has(e)&&(t?(this.opened.add(e),await this.desk.tried(()=>this.readLog(e))):this.opened.delete(e),this.tell())}given(){return Object.fromEntries((this.desk.technique(this.technique)?.knobs??[]).flatMap(({name:e,kind:t,default:s})=>{let n=this.draft[e]?.trim();return void 0===n||n===String(s)?[]:"switch"===t?[[e,"true"===n]]:[[e,"number"==typeof s&&""!==n&&Number.isFinite(Number(n))?Number(n):n]]}))}async readLog(e){this.logs[e]=(await this.desk.api.run(e)).log}async follow(e){if(!this.followed.has(e)){this.followed.add(e);try{for await(let t of this.desk.api.events(e))this.take(t),this.opened.has(e)&&await this.readLog(e),this.tell()}catch(e){this.desk.problem=f(e),this.tell()}finally{this.followed.delete(e)}}}take(e){this.runs=this.runs.map(t=>t.id===e.id?e:t)}async once(e){if(!this.busy){this.busy=!0,this.problem=null,this.tell();try{await e()}catch(e){this.problem=f(e)}this.busy=!1,this.tell()}}}function tn(e,t){if("en"===e||"zh"===e)return e;let s=t?.languageCode??"en";return(s.startsWith("en")?navigator.language:s).toLowerCase().startsWith("zh")?"zh":"en"}var ti=s(525);class ta{commands;constructor(e){this.commands=e}createNew(e,t){let s=[];return t.ready.then(()=>{let t=D(e);if(t&&!e.isDisposed)for(let n of ei){if("studykit:colab"===n&&!t.colab)continue;let i=new O.CommandToolbarButton({commands:this.commands,id:n});i.addClass("sk-toolbar"),e.toolbar.insertBefore("spacer",n,i)||e.toolbar.addItem(n,i),s.push(i)}}),new ti.DisposableDelegate(()=>s.forEach(e=>e.dispose()))}}var tr=s(72),to=s.n(tr),tl=s(825),td=s.n(tl),tc=s(659),tu=s.n(tc),th=s(56),tp=s.n(th),tk=s(540),tg=s.n(tk),tf=s(113),tm=s.n(tf),tb=s(197),tv={};tv.styleTagTransform=tm(),tv.setAttributes=tp(),tv.insert=tu().bind(null,"head"),tv.domAPI=td(),tv.insertStyleElement=tg(),to()(tb.A,tv),tb.A&&tb.A.locals&&tb.A.locals;var tw=s(77),ty={};ty.styleTagTransform=tm(),ty.setAttributes=tp(),ty.insert=tu().bind(null,"head"),ty.domAPI=td(),ty.insertStyleElement=tg(),to()(tw.A,ty),tw.A&&tw.A.locals&&tw.A.locals;var tx=s(19),tz={};tz.styleTagTransform=tm(),tz.setAttributes=tp(),tz.insert=tu().bind(null,"head"),tz.domAPI=td(),tz.insertStyleElement=tg(),to()(tx.A,tz),tx.A&&tx.A.locals&&tx.A.locals;let t$="training-studykit:plugin",tS={id:t$,description:"Syllabus, reviews, mock interviews and runs for studykit.",autoStart:!0,optional:[n.ILabShell,i.ICommandPalette,a.ILauncher,r.INotebookTracker,o.ISettingRegistry,l.ITranslator,n.ILayoutRestorer],activate:function(e,t,s,n,a,o,d,c){var u;let h,p=o?.load(t$).catch(()=>null)??Promise.resolve(null),g=(u=e=>void p.then(t=>t?.set("language",e)),{desk:h=new e7(new k(e.serviceManager.serverSettings),u),review:new tt(h),interview:new e9(h),runs:new ts(h)}),{desk:b}=g;b.wishes.lang=tn("auto",d);let x=t=>{t.isAttached||e.shell.add(t,"main"),e.shell.activateById(t.id)},z={open:t=>void async function(e,{notebook:t}){let{contents:s}=e.serviceManager,n=await (async e=>s.get(e,{content:!1}).then(()=>!0,()=>!1))(t)?t:`notebooks/${t}`;await e.commands.execute("docmanager:open",{path:n})}(e,t),review:e=>void g.review.begin(e),run:e=>{g.runs.choose(e),b.go("runs")},result:({id:e,technique:t})=>void b.tried(async()=>x(te(`studykit-${e}`,b.title(t),await b.api.result(e)))),evidence:()=>void e.commands.execute("studykit:evidence")},$=new i.WidgetTracker({namespace:"studykit-desk"}),S=null,q=()=>{(!S||S.isDisposed)&&((S=new i.MainAreaWidget({content:new e0(g,z)})).id="studykit-desk-main",S.toolbar.hide(),Object.assign(S.title,{icon:I,closable:!0}),$.add(S)),x(S)},j=null;for(let n of(t&&((j=new e0(g,z)).id="studykit-desk",j.title.icon=I,t.add(j,"left",{rank:650}),c?.add(j,"studykit-desk")),!function(e,t,s,n){let{desk:a}=t,o=e=>e[a.lang],l=(t,s,n,i=!1)=>{e.commands.addCommand(`studykit:${t}`,{label:()=>o(s),caption:()=>o(s),execute:e=>n(e),...i&&{icon:I}})};l("show-panel",B,()=>s.panel()),l("open-desk",W,()=>s.main(),!0),l("review",H,({technique:e})=>(s.panel(),t.review.begin(e??null))),l("interview",J,()=>(s.panel(),a.go("interview"))),l("runs",U,({technique:e})=>{e&&t.runs.choose(e),s.panel(),a.go("runs")}),l("evidence",_,()=>s.evidence()),function(e,t,s){let{desk:n}=t,a=e=>e[n.lang],o=()=>s?.currentWidget??null,l=(t,s,n,r)=>e.commands.addCommand(`studykit:${t}`,{label:()=>a(s),caption:()=>a(n),isEnabled:()=>{let e=D(o());return null!==e&&("colab"!==t||null!==e.colab)},execute:async()=>{let e=o(),t=D(e);if(e&&t)try{await r(e,t.technique)}catch(e){i.Notification.error(a(f(e)))}}});l("check",F,K,async e=>{await async function(e){let t=R(e,"drill"),s=R(e,"drill-check"),n=[...t,...s];if(await e.sessionContext.ready,!await async function(e){let t=e.sessionContext.session?.kernel;if(!t)return!1;let{content:s}=await t.requestExecute({code:"",silent:!0,user_expressions:{there:"'lesson' in globals()"}}).done,n=s.user_expressions;return n?.there?.data?.["text/plain"]==="True"}(e)){let t=e.content.widgets.filter(e=>"setup"===e.model.id);n.unshift(...R(e,"bootstrap"),...R(e,"parameters"),...t)}await r.NotebookActions.runCells(e.content,n,e.sessionContext),await P(e,s[0])}(e),await n.refresh()}),l("hint",G,X,async(e,t)=>(async function(e,t){let s=v("ol",{"aria-live":"polite"}),n=()=>{let n=t.hints[s.childElementCount];n&&s.append(v("li",{},...y(w(n,e.lang)))),a.hidden=s.childElementCount>=t.hints.length},a=C(w(A,e.lang),n,{class:"jp-Dialog-button jp-mod-styled jp-mod-accept"}),r=new m.Widget;r.addClass("sk-hints"),r.node.append(...t.hints.length?[s,a]:[w(L,e.lang)]),n();let o=`${w(E,e.lang)} \xb7 ${e.title(t.technique)}`;await (0,i.showDialog)({title:o,body:r,buttons:[i.Dialog.cancelButton({label:w(N,e.lang)})],focusNodeSelector:"button"})})(n,await n.api.drill(t))),l("reset",Y,Z,async(e,t)=>{let s=new Date().toLocaleString("zh"===n.lang?"zh-CN":"en-GB"),r=await async function(e,t,s){let[n]=R(e,"drill"),i=e.content.widgets.findIndex(e=>e===n),{model:a}=e.content;if(!n||!a)return!1;let r=t.blank.trimEnd(),o=n.model.sharedModel.getSource(),l=""!==o.trim()&&o.trimEnd()!==r;return a.sharedModel.transact(()=>{n.model.sharedModel.setSource(r),l&&a.sharedModel.insertCell(i+1,{cell_type:"raw",source:`# ${s}
${o}`,metadata:{}})}),await P(e,n),l}(e,await n.api.drill(t),`${a(et)} ${s}`);i.Notification.info(a(r?es:en),{autoClose:4e3})}),l("quiz",Q,ee,(t,s)=>e.commands.execute("studykit:review",{technique:s})),l("colab",V,V,async e=>{window.open(D(e).colab,"_blank","noopener,noreferrer")})}(e,t,n)}(e,g,{main:q,panel:()=>j?e.shell.activateById(j.id):q(),evidence:async()=>{let t=e.commands.label("studykit:evidence");await b.tried(async()=>x(te("studykit-evidence",t,await b.api.evidence())))}},a),c?.restore($,{command:"studykit:open-desk",name:()=>"desk"}),ea))s?.addItem({command:n,category:"Studykit"});let T=(d??l.nullTranslator).load("jupyterlab").__("Other");n?.add({command:"studykit:open-desk",category:T,rank:0}),e.docRegistry.addWidgetExtension("Notebook",new ta(e.commands)),a?.currentChanged.connect(()=>e.commands.notifyCommandChanged());let{lang:M}=b;b.changed.connect(()=>{var t,s;b.lang!==M&&e.commands.notifyCommandChanged(),M=b.lang,t=j,(s=S)&&!s.isDisposed&&(s.title.label=s.content.title.caption),t&&(t.title.label="")}),p.then(e=>{let t;return e&&(t=()=>{let{language:t,dailyLimit:s,newPerDay:n}=e.composite;b.wish({lang:tn(t,d),dailyLimit:Number(s),newPerDay:Number(n)})},void(e.changed.connect(t),t()))}),e.restored.then(()=>Promise.all([b.load(),g.runs.load(),g.interview.load()]))}}},197(e,t,s){var n=s(601),i=s.n(n),a=s(314),r=(s.n(a))()(i());r.push([e.id,`/* Colours come from the host: text from its font colour, lines and fills from mixing that, accents from Lab's theme.
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