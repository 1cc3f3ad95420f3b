"""Cuts a recorded incident to a window of time: trim.py SOURCE TARGET FROM TO (RFC 3339).

Log lines and samples outside the window are left out; so are the on-disk blocks, raw series for which there is a
query answer, and expositions of moments between the first and the last. Everything else is copied as it is.
Then: tar --sort=name --owner=0 --group=0 -cf x.tar -C TARGET . && zstd --ultra -22 --long=27 x.tar
"""
import json,os,re,sys,shutil,datetime,gzip
src,dst,a,b=sys.argv[1],sys.argv[2],sys.argv[3],sys.argv[4]
P=lambda s: datetime.datetime.fromisoformat(s.replace('Z','+00:00')).timestamp()
A,B=P(a),P(b)
CLF=re.compile(r'\[(\d\d/\w\w\w/\d{4}:\d\d:\d\d:\d\d) \+0000\]')
ISO=re.compile(r'(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)')
MS=re.compile(r'"time":(\d{13})')
def t(line):
    m=CLF.search(line)
    if m: return datetime.datetime.strptime(m[1]+' +0000','%d/%b/%Y:%H:%M:%S %z').timestamp()
    m=MS.search(line)
    if m: return int(m[1])/1000
    m=ISO.search(line)
    if m: return P(f'{m[1]}-{m[2]}-{m[3]}T{m[4]}+00:00'.replace('.%s'%(m[4].split('.')[1] if '.' in m[4] else ''), '.'+ (m[4].split('.')[1]+'000000')[:6] if '.' in m[4] else ''))
    raise SystemExit(line)
for root,_,files in os.walk(src):
    rel=os.path.relpath(root,src)
    if rel.startswith('tsdb'): continue
    for f in sorted(files):
        p=os.path.join(root,f); q=os.path.join(dst,rel,f); os.makedirs(os.path.dirname(q),exist_ok=True)
        if rel=='logs':
            with open(p) as i, open(q,'w') as o:
                for line in i:
                    if A<=t(line)<B: o.write(line)
        elif rel=='prometheus' and f.endswith('.json') and not f.startswith(('api-','QUERIES')):
            d=json.load(open(p))
            for r in d['data']['result']: r['values']=[v for v in r['values'] if A<=v[0]<B]
            d['data']['result']=[r for r in d['data']['result'] if r['values']]
            json.dump(d,open(q,'w'),separators=(',',':'))
        elif f=='openmetrics.txt.gz':
            keep=('edge_requests_total','db_pool_max','db_pool_acquire_errors_total','edge_request_duration_seconds')
            with gzip.open(p,'rt') as i, open(q[:-3],'w') as o:
                for line in i:
                    w=line.split()
                    if line.startswith('#'):
                        if line.strip()=='# EOF' or any(len(w)>2 and w[2].startswith(k.replace('_total','')) for k in keep): o.write(line)
                    elif line.startswith(keep) and A<=float(w[-1])<B: o.write(line)
        elif f.startswith('exposition') and 'during2' not in f and 'baseline' not in f: continue
        else: shutil.copy(p,q)
