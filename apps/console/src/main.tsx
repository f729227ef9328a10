import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queries.ts';
import { Routes } from './routes.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/surfaces.css';
import './styles/status.css';
import './styles/narrow.css';
import './styles/print.css';

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <QueryClientProvider client={queryClient}>
      <Routes />
    </QueryClientProvider>,
  );
}
