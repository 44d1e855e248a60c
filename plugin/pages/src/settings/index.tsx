export default function Settings() {
  return <div className="em-page" />;
}
