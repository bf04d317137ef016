function e(e){return e.replace(/\r\n?/g,`
`).replaceAll(`\0`,``)}export{e as t};