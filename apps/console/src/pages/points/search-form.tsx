import { useState } from 'react';
import { useLocation } from 'wouter';
import { Button } from '../../ui/button.tsx';
import { searchAddress } from '../../view/point-address.ts';

interface SearchFormProps {
  readonly planId: string;
  readonly planName: string;
  /** What is searched for now. */
  readonly text?: string;
}

/** Asks for names in the points of a plan. */
export const SearchForm = ({ planId, planName, text = '' }: SearchFormProps) => {
  const [, navigate] = useLocation();
  const [typed, setTyped] = useState(text);
  return (
    <search className="find-form">
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() !== '') navigate(searchAddress(planId, typed.trim()));
        }}
      >
        <input
          className="inp"
          data-search
          type="search"
          maxLength={200}
          aria-label={`Find a file in the points of ${planName}`}
          placeholder={`Find a file in the points of ${planName}`}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <Button type="submit" stop={typed.trim() === '' ? 'Type a part of a name first.' : undefined}>
          Find
        </Button>
      </form>
    </search>
  );
};
