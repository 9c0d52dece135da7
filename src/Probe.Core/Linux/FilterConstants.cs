namespace Probe.Core.Linux;

/// <summary>Constants of classic BPF (linux/bpf_common.h, linux/filter.h), C names verbatim.</summary>
internal static class FilterConstants
{
    public const ushort BPF_LD = 0x00;
    public const ushort BPF_LDX = 0x01;
    public const ushort BPF_ALU = 0x04;
    public const ushort BPF_JMP = 0x05;
    public const ushort BPF_RET = 0x06;
    public const ushort BPF_MISC = 0x07;
    public const ushort BPF_TAX = 0x00;
    public const ushort BPF_W = 0x00;
    public const ushort BPF_H = 0x08;
    public const ushort BPF_B = 0x10;
    public const ushort BPF_IMM = 0x00;
    public const ushort BPF_ABS = 0x20;
    public const ushort BPF_IND = 0x40;
    public const ushort BPF_MSH = 0xa0;
    public const ushort BPF_AND = 0x50;
    public const ushort BPF_RSH = 0x70;
    public const ushort BPF_JA = 0x00;
    public const ushort BPF_JEQ = 0x10;
    public const ushort BPF_JGE = 0x30;
    public const ushort BPF_JSET = 0x40;
    public const ushort BPF_K = 0x00;
    public const int BPF_MAXINSNS = 4096;
}
