import { Link } from 'wouter';
import { useObjectName } from '../api/object-names.ts';
import { type ObjectReference, objectAddress, objectWord } from '../view/object-address.ts';
import { visibleText } from '../view/visible-text.ts';

/** The way to what an alert or a record is about, by its name where it has one; only its id where it has no page. */
export const ObjectLink = ({ object }: { readonly object: ObjectReference }) => {
  const name = useObjectName()(object);
  const address = objectAddress(object);
  const id = visibleText(object.id);
  const text = name === undefined ? `${objectWord(object.kind)} ${id.length > 24 ? `${id.slice(0, 12)}…` : id}` : visibleText(name);
  return address === undefined ? (
    <span title={id}>{text}</span>
  ) : (
    <Link className="lk" href={address} title={id}>
      {text}
    </Link>
  );
};
