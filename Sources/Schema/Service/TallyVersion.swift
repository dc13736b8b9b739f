/// The version of this package: of servers, clients, and what they say to each other.
public enum TallyVersion {
  public static let text = "0.1.0"
}
