// The control panel: plain DOM, text only. Whatever agents say is shown with textContent and never becomes markup.
const at = (id) => document.getElementById(id);
const maxLines = 500;
const retryMs = 5000;
let token = '';
let socket;

async function ask(method, path, body) {
  const headers = { accept: 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const answer = await fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const found = await answer.json();
  if (!answer.ok) throw new Error(typeof found.detail === 'string' ? found.detail : `status ${answer.status}`);
  return found;
}

/** Does something for a form or button, and says beside it what came of it. */
function on(id, kind, state, work) {
  at(id).addEventListener(kind, async (event) => {
    event.preventDefault();
    at(state).textContent = 'Working';
    try {
      at(state).textContent = (await work()) ?? '';
    } catch (error) {
      at(state).textContent = `Failed: ${error.message}`;
    }
  });
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

on('login', 'submit', 'login-state', async () => {
  token = '';
  const agent = at('agent').value.trim();
  const body = { registration_secret: at('secret').value, ...(agent === '' ? {} : { agent_id: agent }) };
  const minted = await ask('POST', '/auth/token', body);
  token = minted.token;
  at('secret').value = '';
  socket?.close();
  listen(token);
  const who = agent === '' ? 'without an agent id' : `as ${agent}`;
  return `Logged in ${who}, for ${Math.round(minted.expires_in / 86400)} days`;
});

on('refresh', 'click', 'agents-state', async () => {
  const agents = await ask('GET', '/agents');
  at('agents').replaceChildren(
    ...agents.map((agent) => {
      const row = document.createElement('tr');
      row.append(element('td', agent.id), element('td', agent.last_seen === null ? 'never' : new Date(agent.last_seen).toLocaleString()));
      return row;
    }),
  );
  return agents.length === 0 ? 'No agents yet' : '';
});

on('create', 'submit', 'create-state', async () => {
  const job = await ask('POST', '/restore-jobs', { snapshot_id: at('snapshot').value.trim(), target_agent_id: at('target').value.trim() });
  at('job').value = job.id;
  return `Created ${job.id}, ${job.status}`;
});

on('status', 'submit', 'status-state', async () => {
  at('job-facts').replaceChildren();
  const job = await ask('GET', `/restore-jobs/${encodeURIComponent(at('job').value.trim())}`);
  at('job-facts').replaceChildren(...Object.entries(job).flatMap(([name, value]) => [element('dt', name), element('dd', String(value))]));
  return '';
});

/** Live events by a ticket that works once; comes back by itself while the same login lasts. */
async function listen(own) {
  if (own !== token) return;
  try {
    const { ticket } = await ask('POST', '/auth/ws-ticket', {});
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    socket = new WebSocket(`${scheme}://${location.host}/ws?token=${encodeURIComponent(ticket)}`);
    socket.addEventListener('open', () => {
      at('log-state').textContent = 'Connected';
    });
    socket.addEventListener('message', ({ data }) => {
      at('log').prepend(element('li', data));
      while (at('log').childElementCount > maxLines) at('log').lastElementChild.remove();
    });
    socket.addEventListener('close', () => {
      at('log-state').textContent = 'Not connected';
      setTimeout(() => listen(own), retryMs);
    });
  } catch (error) {
    at('log-state').textContent = `Not connected: ${error.message}`;
    setTimeout(() => listen(own), retryMs);
  }
}
