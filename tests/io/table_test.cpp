#include "io/support.hpp"

#include <cmath>

namespace culogme::io_test {
namespace {

using Names = std::vector<std::string>;

TEST(Table, ReadsNumbersByName) {
  const TemporaryFolder folder;
  const std::string path = folder.write("t.csv",
                                        "\xEF\xBB\xBF"
                                        "model,note,score, accuracy \r\n"
                                        "\"b, large\",\"two\r\nlines\",0.5,80\r\n"
                                        "a,,nan,\r\n"
                                        "\r\n"
                                        "c,x,-inf,+1e2\r\n");
  const Table table = read_table(path);
  EXPECT_EQ(table.name, path);
  EXPECT_EQ(table.rows, (Names{"b, large", "a", "c"}));
  EXPECT_EQ(table.columns, (Names{"score", "accuracy"})) << "the column without numbers is left out";
  ASSERT_EQ(table.values.size(), 2U);
  EXPECT_EQ(table.values[0][0], 0.5);
  EXPECT_TRUE(std::isnan(table.values[0][1]));
  EXPECT_EQ(table.values[0][2], -INFINITY);
  EXPECT_EQ(table.values[1][0], 80);
  EXPECT_TRUE(std::isnan(table.values[1][1]));
  EXPECT_EQ(table.values[1][2], 100);
}

TEST(Table, RefusesWhatIsNoTable) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& bytes) {
    const std::string path = folder.write("t.csv", bytes);
    return message_of<Error>([&] { read_table(path); });
  };
  expect_names(refused(""), {"t.csv", "empty"});
  expect_names(refused("name,score\na,1,2\n"), {"t.csv", "line 2", "3 cells", "2"});
  expect_names(refused("name,score\na,1\nb,2\na,3\n"), {"t.csv", "'a'", "twice", "lines 2 and 4"});
  expect_names(refused("name,score\na,1\nb,0;5\n"), {"t.csv", "line 3", "'0;5'", "'score'"});
  expect_names(refused("name;score\na;1\n"), {"t.csv", "commas"});
  expect_names(refused("a,1\nb,2\n"), {"t.csv", "no header"});
  expect_names(refused("name,s,s\na,1,2\n"), {"t.csv", "'s'", "twice"});
  expect_names(refused("name,s\n,1\n"), {"t.csv", "line 2", "no model"});
  expect_names(refused("name,s\n\"a\"b,1\n"), {"t.csv", "line 2", "quote"});
  expect_names(refused(read_bytes(data("f4.npy"))), {"t.csv", "CSV"});
  expect_names(message_of<FileError>([&] { read_table(folder.path("gone.csv")); }), {"gone.csv", "No such file"});
}

TEST(ModelFolder, FindsModelsAndWhatBelongsToThem) {
  const TemporaryFolder folder;
  for (const char* name : {"net_10.npy", "net_2.npy", "net_2.probabilities.npy", "labels.npy", "labels.txt", "hog.npz",
                           "accuracies.csv", "README.md", "models.csv", ".net.npy"}) {
    folder.write(name, "x");
  }
  const ModelFolder found = read_model_folder(folder.path());
  ASSERT_EQ(found.models.size(), 3U);
  EXPECT_EQ(found.models[0].name, "hog");
  EXPECT_EQ(found.models[1].name, "net_2");
  EXPECT_EQ(found.models[2].name, "net_10");
  EXPECT_EQ(found.models[1].features, (Names{folder.path("net_2.npy")}));
  EXPECT_EQ(found.models[1].probabilities, folder.path("net_2.probabilities.npy"));
  EXPECT_EQ(found.models[2].probabilities, "");
  EXPECT_EQ(found.labels, folder.path("labels.npy"));
  EXPECT_EQ(found.accuracies, folder.path("accuracies.csv"));
}

TEST(ModelFolder, RefusesWhatIsNone) {
  const TemporaryFolder folder;
  expect_names(message_of<FileError>([&] { read_model_folder(folder.path()); }), {"no models"});
  expect_names(message_of<FileError>([&] { read_model_folder(folder.path("gone")); }), {"gone", "No such file"});
  folder.write("a.npy", "x");
  EXPECT_EQ(read_model_folder(folder.path()).labels, "");
  folder.write("a.npz", "x");
  expect_names(message_of<FileError>([&] { read_model_folder(folder.path()); }), {"a.npy", "a.npz"});
  const TemporaryFolder other;
  other.write("b.probabilities.npy", "x");
  expect_names(message_of<FileError>([&] { read_model_folder(other.path()); }), {"b.probabilities.npy", "no model"});
}

TEST(Manifest, ReadsPathsBesideIt) {
  const TemporaryFolder folder;
  const std::string path = folder.write("m.csv",
                                        "features,name,probabilities,accuracy,year\n"
                                        "sub/a.npz:x,A,p.npy,0.5,2020\n"
                                        "/data/b.npy,B,,,2021\n");
  const Manifest manifest = read_manifest(path);
  ASSERT_EQ(manifest.models.size(), 2U);
  EXPECT_EQ(manifest.models[0].name, "A");
  EXPECT_EQ(manifest.models[0].features, (Names{folder.path("sub/a.npz:x")}));
  EXPECT_EQ(manifest.models[0].probabilities, folder.path("p.npy"));
  EXPECT_EQ(manifest.models[1].features, (Names{"/data/b.npy"}));
  EXPECT_EQ(manifest.models[1].probabilities, "");
  EXPECT_EQ(manifest.accuracies.rows, (Names{"A", "B"}));
  EXPECT_EQ(manifest.accuracies.columns, (Names{"accuracy"}));
  EXPECT_EQ(manifest.accuracies.values.at(0).at(0), 0.5);
  EXPECT_TRUE(std::isnan(manifest.accuracies.values.at(0).at(1)));
}

TEST(Manifest, RefusesWhatIsNone) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& bytes) {
    const std::string path = folder.write("m.csv", bytes);
    return message_of<Error>([&] { read_manifest(path); });
  };
  expect_names(refused("name,file\na,b.npy\n"), {"m.csv", "'features'", "name, file"});
  expect_names(refused("name,features\n"), {"m.csv", "no models"});
  expect_names(refused("name,features\na,x.npy\na,y.npy\n"), {"m.csv", "'a'", "twice"});
  expect_names(refused("name,features\na,\n"), {"m.csv", "line 2", "'a'"});
  const std::string plain = folder.write("p.csv", "name,features\na,x.npy\n");
  EXPECT_TRUE(read_manifest(plain).accuracies.columns.empty());
}

}  // namespace
}  // namespace culogme::io_test
