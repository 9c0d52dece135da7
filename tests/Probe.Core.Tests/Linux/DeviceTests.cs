using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Tests.Wire;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using static Probe.Core.Tests.Linux.TestNetwork;

namespace Probe.Core.Tests.Linux;

public sealed class DeviceTests(TestNetwork network) : IClassFixture<TestNetwork>
{
    [NeedsFact(Need.Namespaces | Need.Tun)]
    public void A_tun_device_carries_whole_packets_both_ways()
    {
        var far = IpAddress.Parse("10.78.0.2");
        var near = IpAddress.Parse("10.78.0.1");
        using var tun = network.InClient(() => new TunDevice("tun0"));
        Shell.Run("ip", "-n", network.Client, "addr", "add", "10.78.0.1/24", "dev", "tun0");
        Shell.Run("ip", "-n", network.Client, "link", "set", "tun0", "up");
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions { Interface = "tun0" }));
        using var epoll = new Epoll();
        epoll.Add(tun.Descriptor, WaitConstants.EPOLLIN, 42);
        var echo = TestPackets.Echo(near, far, 7, 1);
        Assert.Equal(SendStatus.Sent, port.Send(echo, 1));

        // The device's own chatter (router solicitations) may come first.
        var packet = new byte[2048];
        var length = 0;
        while (length == 0)
        {
            var events = new epoll_event[4];
            Assert.Equal(1, epoll.Wait(events, 2_000_000_000));
            Assert.Equal(42ul, events[0].data);
            length = tun.Read(packet);
            length = packet[0] >> 4 == 4 ? length : 0;
        }

        Assert.Equal(echo, packet[..length]);
        Assert.True(tun.Write(TestPackets.Echo(far, near, 7, 1)));
        length = 0;
        while (length <= 0 || packet[0] >> 4 != 4)
        {
            epoll.Wait(new epoll_event[4], 2_000_000_000);
            length = tun.Read(packet);
        }

        // Our kernel answered the far side's echo.
        Assert.Equal((near, far, (byte)0), (new IpAddress(packet.AsSpan(12, 4)), new IpAddress(packet.AsSpan(16, 4)), packet[20]));
    }

    [NeedsFact(Need.Namespaces)]
    public void Interfaces_are_known_by_name_index_mtu_and_type()
    {
        var index = network.InClient(() => Interfaces.Index("c0"));
        Assert.Equal("c0", network.InClient(() => Interfaces.Name(index)));
        Assert.Null(network.InClient(() => Interfaces.Name(9999)));
        Assert.Equal(1500, network.InClient(() => Interfaces.Mtu("c0")));
        Assert.Equal(DeviceConstants.ARPHRD_ETHER, network.InClient(() => Interfaces.HardwareType("c0")));
        Assert.Equal("ENODEV", Assert.Throws<LinuxException>(() => network.InClient(() => Interfaces.Index("c1"))).ErrnoName);
    }

    [Fact]
    public void Control_messages_and_attributes_of_any_octets_never_lead_past_their_end()
    {
        var random = new Random(20261121);
        for (var i = 0; i < 100_000; i++)
        {
            var octets = new byte[random.Next(0, 96)];
            random.NextBytes(octets);

            // Plausible lengths get further than random ones.
            for (var at = 0; at + 8 <= octets.Length && random.Next(2) == 0; at += 8)
            {
                octets.AsSpan(at, 8).Clear();
                octets[at] = (byte)random.Next(0, 48);
            }

            var control = new ControlMessages(octets);
            while (control.MoveNext())
            {
                control.Is<timespec>(1, 37, out _);
            }

            var attributes = new NetlinkAttributes(octets);
            while (attributes.MoveNext())
            {
                _ = attributes.Number;
            }
        }
    }
}
