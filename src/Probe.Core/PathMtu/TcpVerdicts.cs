namespace Probe.Core.PathMtu;
