namespace Probe.Core.Evidence;

/// <summary>The one place that makes text from strangers (reverse names, banners, notes) harmless.</summary>
public static class StrangerText
{
}
