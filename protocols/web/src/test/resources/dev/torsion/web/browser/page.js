// Does what pages do, and tells the server what it has seen.
const seen = {};

function submitted(id) {
  return new Promise((done) => {
    const frame = document.querySelector('iframe');
    frame.onload = () => done(frame.contentDocument.body.textContent);
    document.getElementById(id).submit();
  });
}

function events() {
  return new Promise((done) => {
    const heard = [];
    const source = new EventSource('/events');
    source.addEventListener('tick', (event) => {
      heard.push(`${event.lastEventId}:${event.data}`);
      if (heard.length < 5) return;
      source.close();
      done(heard);
    });
  });
}

async function page() {
  const image = document.getElementById('image');
  await image.decode();
  seen.image = `${image.naturalWidth}x${image.naturalHeight}`;
  seen.colour = getComputedStyle(document.body).color;

  const numbers = await Promise.all(Array.from({ length: 40 }, (_, i) => fetch(`/json?n=${i}`).then((answer) => answer.json())));
  seen.json = numbers.every((each, i) => each.n === i);

  seen.form = await submitted('form');
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(200000)], 'a file.bin'));
  document.querySelector('input[type=file]').files = files.files;
  seen.upload = await submitted('upload');
  const answer = await fetch('/count', { method: 'PUT', body: new Blob([new Uint8Array(5000000)]) });
  seen.count = await answer.text();

  await fetch('/cookie');
  seen.cookie = document.cookie;
  seen.again = (await fetch('/assets/style.css', { cache: 'no-cache' })).status;
  seen.part = (await (await fetch('/assets/page.js', { headers: { Range: 'bytes=3-6' } })).text());
  seen.redirected = (await fetch('/old')).url.replace(location.origin, '');
  seen.missing = (await fetch('/none')).status;

  const stop = new AbortController();
  const reader = (await fetch('/endless', { signal: stop.signal })).body.getReader();
  seen.endless = (await reader.read()).value.length > 0;
  stop.abort();

  seen.events = await events();
}

page()
  .catch((error) => { seen.error = String(error); })
  .finally(() => fetch('/seen', { method: 'POST', body: JSON.stringify(seen) }));
